//! What people, folders and streets are called, and what their numbers are.

pub const FOLDERS: [&str; 12] = [
    "Заречный",
    "Железнодорожный",
    "Привокзальный",
    "Солнечный",
    "Черёмушки",
    "Победа",
    "Садовый",
    "Лесной",
    "Речной",
    "Юбилейный",
    "Молодёжный",
    "Старый город",
];

const SURNAMES: [&str; 16] = [
    "Иванов",
    "Петров",
    "Сидоров",
    "Кузнецов",
    "Смирнов",
    "Попов",
    "Волков",
    "Соколов",
    "Лебедев",
    "Козлов",
    "Новиков",
    "Морозов",
    "Щукин",
    "Ёлкин",
    "Журавлёв",
    "Беляев",
];

const NAMES: [&str; 12] =
    ["Александр", "Мария", "Дмитрий", "Ольга", "Сергей", "Анна", "Николай", "Елена", "Фёдор", "Юлия", "Пётр", "Ирина"];

const PATRONYMICS: [&str; 8] =
    ["Иванович", "Петровна", "Сергеевич", "Андреевна", "Николаевич", "Олеговна", "Юрьевич", "Ильинична"];

pub const STREETS: [&str; 8] =
    ["Мира", "Гагарина", "Школьная", "Полевая", "Заводская", "Парковая", "Набережная", "Кирова"];

/// Surname, name and patronymic. Names and patronymics stand in pairs of man and woman, who take turns.
pub fn person(number: usize) -> String {
    /// Coprime to the number of combinations: each comes once before one comes again, and neighbours are not alike.
    const STRIDE: usize = 211;
    let woman = number % 2;
    let (names, patronymics) = (NAMES.len() / 2, PATRONYMICS.len() / 2);
    let place = number / 2 * STRIDE % (SURNAMES.len() * names * patronymics);
    let surname = SURNAMES[place % SURNAMES.len()];
    let first = NAMES[place / SURNAMES.len() % names * 2 + woman];
    let patronymic = PATRONYMICS[place / SURNAMES.len() / names * 2 + woman];
    format!("{surname}{} {first} {patronymic}", if woman == 1 { "а" } else { "" })
}

/// A number of the range that no one is given.
pub fn phone(n: i64) -> String {
    format!("+7000{:07}", n % 10_000_000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::person;

    #[test]
    fn some_hundred_people_have_names_of_their_own() {
        let names: HashSet<String> = (0..768).map(person).collect();
        assert_eq!(names.len(), 768);
        for name in names {
            let woman = name.ends_with("на");
            assert_eq!(name.split(' ').next().unwrap().ends_with('а'), woman, "{name}");
        }
    }
}
