"""The people of a showcase: invented, with the names that people really have."""

from __future__ import annotations

from dataclasses import dataclass

LONG = (
    "Maria-Magdalena Alexandrovna Theodora von und zu Hohenstein-Wittgenstein und der Lippe, geborene Baroness Rothenberg-Schwarz"
)
"""120 characters."""

EVERYBODY = "All employees of Acme Robotics International Holdings (Europe, Middle East, Asia-Pacific and the Americas)"
SALES = "فريق المبيعات"

NAMES = (
    "Amara Okafor",
    "Zoë Lund",
    "José Ángel Ibáñez",
    "渡辺 美咲",
    "Siobhán O’Brien",
    "محمد الفاتح بن إبراهيم",
    "נועה בן־דוד",
    "X",
    LONG,
    "Nguyễn Thị Minh Khai",
    "Ayşe Yılmaz",
    "Łukasz Wiśniewski",
    "Olena Шевченко",
    "김민준",
    "Priya Raghunathan",
    "Jean-Baptiste Lefèvre-Dubois",
    "Þóra Guðmundsdóttir",
    "<b>Bobby</b> & “Tables”",
    "Kwame Nkrumah Mensah",
    "Иван Петров",
    "李娜",
    "فاطمة الزهراء",
    "Mateus Conceição",
    "Søren Kierkegaard-Holm",
    "Ananya Chatterjee",
    "Γιώργος Παπαδόπουλος",
    "Hòa",
    "Miriam Goldberg",
    "Tane Māhuta",
    "Isabella Rossi",
    "Chidi Anagonye",
    "Björn Ägidius Öström",
    "Noémie Tremblay",
    "अर्जुन शर्मा",
    "Emeka Obi",
    "Katarzyna Dąbrowska",
    "Luca Bianchi",
    "יוסף כהן",
    "Ingrid Solberg",
    "Rafael Domínguez",
    "Mei-Ling Chen",
    "Tomáš Dvořák",
    "Layla Haddad",
    "Oskar Nieminen",
    "Grace Mwangi",
    "Ewa Zając",
    "Pedro Álvares",
    "สมชาย ใจดี",
    "Hannah Fischer",
    "Dmitri Volkov",
    "Aroha Ngata",
    "Fernanda Lima",
    "Bartholomew Featherstonehaugh",
    "Yuki Tanaka",
    "Nadia Rahman",
    "Sven Åkesson",
    "Clara Hoffmann",
    "Idris Bello",
    "Marta Kovács",
    "Theo Papas",
)


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody at Acme Robotics: what stands before the @ of the address, the name, and the groups at their IdP."""

    login: str
    name: str
    groups: tuple[str, ...]


def employees() -> tuple[Employee, ...]:
    """Everybody, in an order that stays."""
    return tuple(Employee(f"p{number:02}", name, _groups(number)) for number, name in enumerate(NAMES))


def _groups(number: int) -> tuple[str, ...]:
    """Everybody is in one group; most are in a department, and some in more."""
    department = ("Engineering", "Engineering", SALES, "Customer Support", "Finance")[number % 5]
    more = [EVERYBODY, department]
    if number in (0, 3, 5):
        more.append("Platform Admins")
    if number % 4 == 0:
        more.append("proj-apollo")
    if number % 7 == 0:
        more.append("proj-zephyr")
    if number % 10 == 9:
        more.append("Contractors")
    return tuple(more)
