#!/bin/bash
# Moves subscribers who owe money into the folder that is given, and says how many.
folder=${1:?usage: move-debtors.sh FOLDER}
sqlexec "set heading off; select a.id from abonents a join admin_accounts aa on aa.id=a.account_id
  where a.is_folder=0 and a.deleted=0 and a.parent_id<>$folder and aa.ostatok+aa.debit-aa.credit<0" | sed '/^$/d; s/ *//g' | {
  moved=0
  while read -r id; do
    curl -ss http://127.0.0.1:8082/rest_api/v2/Abonents/ \
      -d 'method1=objects.get&arg1={"id":'"$id"'}&method2=move_to&arg2={"target":'"$folder"'}' >/dev/null && moved=$((moved + 1))
  done
  echo "$moved moved"
}
