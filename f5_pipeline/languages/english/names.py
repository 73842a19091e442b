"""English: given names, which tell a person ("Robert Downing III") from a thing ("Street Fighter III"). Data only."""

from __future__ import annotations

# Names of rulers and popes, which may also have the numbers I, V and X.
_REGNAL = """
    Abdul Abdullah Adrian Akbar Albert Alexander Alexios Alexius Alfonso Alphonse Amadeus Amenhotep Anne Antiochus
    Baldwin Basil Bayezid Beatrix Bela Benedict Boniface Boris Callixtus Canute Carl Carlos Casimir Catherine
    Celestine Charles Christian Clement Cleopatra Cnut Conrad Constantine Cyrus Darius Demetrius Domitian Donald
    Edmund Edward Elizabeth Emmanuel Eric Ethelred Eugene Faisal Farouk Felipe Ferdinand Francis Frederick Frederik
    Fuad George Gregory Gustav Gustavus Haakon Harald Harold Hassan Henri Henry Heraclius Honorius Hussein Innocent
    Isabella Ivan James John Joseph Juan Juliana Julius Justinian Kenneth Leo Leopold Louis Ludwig Macbeth Magnus
    Manuel Margrethe Mary Maximilian Mehmed Mentuhotep Mithridates Mohammed Muhammad Murad Napoleon Naruhito Nero
    Nicholas Olaf Osman Otto Paul Pedro Peter Philip Philippe Pius Ptolemy Rainier Rama Ramesses Ramses Richard Robert
    Rudolf Selim Seleucus Seti Shapur Sigismund Sixtus Stephen Suleiman Theodore Theodosius Thutmose Tiberius
    Tutankhamun Umberto Urban Victor Victoria Wilhelm Wilhelmina Willem William Xerxes
"""
_OTHERS = """
    Aaron Abraham Adam Agnes Ahmad Alan Alastair Alfred Ali Alice Allen Alonzo Aloysius Ambrose Amos Andrew Angus
    Anthony Antonio Archibald Arnold Arthur Augustine Augustus Austin Barnaby Barry Bartholomew Benjamin Bernard
    Bertram Bertrand Bill Billy Bob Bobby Boyd Bradley Brandon Brian Bruce Bryan Bryce Burton Byron Caleb Calvin
    Cameron Carter Cecil Cedric Chad Chester Chris Christopher Clarence Clark Claude Clayton Clifford Clinton Clyde
    Cole Colin Cornelius Craig Curtis Cyril Dale Daniel Darren Darryl David Davis Dean Deion Dennis Denzel Derek
    Desmond Devin Diego Dominic Donovan Douglas Drew Duncan Dustin Dwight Dylan Earl Edgar Eduardo Edwin Eleanor Eli
    Elias Elihu Elijah Elliot Ellis Elmer Emanuel Emil Emily Emmett Enoch Enrique Ephraim Erasmus Ernest Ernesto Ethan
    Evan Everett Ezra Fabian Felix Fernando Finn Floyd Frank Franklin Fred Gabriel Gareth Garrett Gary Gavin Geoffrey
    Gerald Gerard Gideon Gilbert Giles Glenn Gordon Graham Grant Greg Gunther Guy Hal Hamish Hank Harlan Harrison
    Harry Harvey Hayden Hector Herbert Herman Holden Horace Horatio Howard Hubert Hugh Hugo Humphrey Ian Ichabod
    Ignacio Ignatius Irving Isaac Isaiah Ishmael Ivor Jack Jackson Jacob Jason Jasper Javier Jay Jeff Jefferson
    Jeffrey Jeremiah Jeremy Jermaine Jerome Jerry Jesse Jim Jimmy Joaquin Joe Joel Johnny Jonathan Jorge Jose Josh
    Joshua Josiah Jude Julian Justin Keith Ken Kevin Kirk Kurt Kyle Lamar Lancelot Landon Larry Laurence Lawrence
    Leander Lee Leon Leonard Leroy Leslie Lester Levi Lewis Liam Lincoln Linus Lionel Lloyd Logan Lorenzo Loudon
    Lowell Lucas Lucian Lucius Luis Luke Luther Malcolm Malik Marcellus Marcus Mario Mark Marshall Martin Marvin Mason
    Mathias Matthew Maurice Max Maxwell Melvin Merle Micah Michael Miguel Mike Miles Milton Mitchell Montgomery Morgan
    Morris Mortimer Moses Nathan Nathaniel Ned Neil Nelson Nick Nigel Noah Noel Nolan Norman Obadiah Odell Oliver Omar
    Orson Orville Oscar Otis Owen Pablo Patrick Percival Percy Perry Phineas Pierre Preston Quentin Quincy Rafael
    Ralph Ramon Randall Randolph Randy Raymond Reginald Reid Rene Reuben Rex Rhett Ricardo Rick Roberto Rod Roderick
    Rodney Roger Roland Ronald Rory Ross Roy Royce Ruben Rudolph Rufus Rupert Russell Ryan Salvador Sam Samson Samuel
    Santiago Saul Scott Sean Sebastian Sergio Seth Seymour Shane Shawn Sheldon Sherman Sidney Silas Simon Solomon
    Spencer Stanley Stefan Sterling Steve Steven Stewart Stuart Sylvester Tanner Ted Terence Terrence Terry Thaddeus
    Theo Theodor Theophilus Thomas Thornton Thurston Tim Timothy Tobias Toby Todd Tom Tommy Tony Travis Trent Trevor
    Tristan Troy Tyler Ulysses Vance Vernon Vincent Virgil Wade Wallace Walter Ward Warren Wayne Wendell Wesley Weston
    Wilbur Wilfred Willard Willis Winston Woodrow Wyatt Xavier Yusuf Zachary
"""
REGNAL = frozenset(_REGNAL.split())
GIVEN = REGNAL | frozenset(_OTHERS.split())
