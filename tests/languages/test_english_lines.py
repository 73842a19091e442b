"""Harder English lines from games, audiobooks, telephone systems and lessons, through the whole front end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.front_end import normalise

DEMO = load_catalogue(Settings())["demo"]
CASED = replace(DEMO, lower_case=False)
LINES = [
    # money, ranges and sums
    ("He gave $5 to 3 kids.", "He gave five dollars to three kids."),
    ("$5-$10", "five dollars to ten dollars"),
    ("$5–$10", "five dollars to ten dollars"),
    ("$5m-$10m", "five million dollars to ten million dollars"),
    ("$1.50-2.50", "one dollar and fifty cents to two dollars and fifty cents"),
    ("€5-10", "five to ten euros"),
    ("5-10 €", "five to ten euros"),
    ("a $20 bill", "a twenty dollar bill"),
    ("a $5 million deal", "a five million dollar deal"),
    ("HK$500", "five hundred Hong Kong dollars"),
    ("NZ$20, S$5, XY$7", "twenty New Zealand dollars, five Singapore dollars, seven dollars"),
    ("$3.5k/mo. $20/hr", "three point five thousand dollars per month. twenty dollars per hour"),
    ("5¢ and 50¢", "five cents and fifty cents"),
    ("50k followers, 1.2M views", "fifty thousand followers, one point two million views"),
    ("2*3=6", "two times three equals six"),
    ("2 * 3 = 6", "two times three equals six"),
    ("2**8 is 2^8", "two to the power of eight is two to the power of eight"),
    ("7 - 3 = 4", "seven minus three equals four"),
    ("12 - 5 + 3 = 10", "twelve minus five plus three equals ten"),
    ("10 / 2 = 5", "ten divided by two equals five"),
    ("-3 - -2 = -1", "minus three minus minus two equals minus one"),
    ("Solve 3x + 2 = 11.", "Solve three x plus two equals eleven."),
    ("x ≥ 5, y ≤ 3, a ≠ b", "x is at least five, y is at most three, a is not equal to b"),
    ("√16 = 4 and π ≈ 3.14", "the square root of sixteen equals four and pi is about three point one four"),
    ("8/10 people, 3/10 of a mile, 1/10", "eight out of ten people, three tenths of a mile, one tenth"),
    ("12,5", "twelve, five"),
    ("$10k-20k", "ten to twenty thousand dollars"),
    ("Your balance is $-20.00.", "Your balance is minus twenty dollars."),
    ("Save 20%-30% today!", "Save twenty percent to thirty percent today!"),
    ("5°C-10°C, 5€–10€", "five degrees Celsius to ten degrees Celsius, five euros to ten euros"),
    ("6 × 7 = 42", "six times seven equals forty-two"),
    ("What is 3 × (4 + 5)?", "What is three times (four plus five)?"),
    ("What is 12 - 7 - 2?", "What is twelve minus seven minus two?"),
    ("a 4 × 6 photo", "a four by six photo"),
    ("3...2...1...Go!", "three...two...one...Go!"),
    ("He waited…2 hours passed.", "He waited...two hours passed."),
    ("1/2 tsp salt", "one half teaspoon salt"),
    ("Add 1 1/2 tsp salt, 1-1/2 cups.", "Add one and a half teaspoons salt, one and a half cups."),
    ("½ km, 7/8 mi, 1/2%", "one half kilometer, seven eighths mile, one half percent"),
    ("120/80 mm", "one hundred and twenty over eighty millimeters"),
    # dates and times
    ("9/11/2024", "September eleventh, twenty twenty-four"),
    ("It is 9/11, open 24/7.", "It is nine eleven, open twenty-four seven."),
    ("2024-01-05T10:30:00Z", "January fifth, twenty twenty-four, ten thirty UTC"),
    ("2024-01-05T10:30:00.123+05:30", "January fifth, twenty twenty-four, ten thirty UTC plus five thirty"),
    ("I met Jan. She left.", "I met Jan. She left."),
    ("On Jan. 3 we met Jan. Smith.", "On January third we met Jan. Smith."),
    ("in Jan. last year", "in January last year"),
    ("Jan 2024 was cold", "January twenty twenty-four was cold"),
    ("It was 3 June. Then we left.", "It was the third of June. Then we left."),
    ("It ended in May. 3 people came.", "It ended in May. three people came."),
    ("June 3-5, 2024", "June third to fifth, twenty twenty-four"),
    ("from 3–5 June", "from the third to fifth of June"),
    ("the 3rd-5th of May", "the third to fifth of May"),
    ("May 2024, Dec. 1999", "May twenty twenty-four, December nineteen ninety-nine"),
    ("the '00s", "the two thousands"),
    ("in '98", "in ninety-eight"),
    ("The 1920s–1930s were wild.", "The nineteen twenties to nineteen thirties were wild."),
    ("Mon.–Fri. 9am–5pm", "Monday to Friday nine AM to five PM"),
    ("9:00-17:00", "nine o'clock to seventeen hundred hours"),
    ("9-11am", "nine to eleven AM"),
    ("Open 9 a.m.–5 p.m.", "Open nine AM to five PM."),
    ("at 2100 hours", "at twenty-one hundred hours"),
    ("0900 hrs", "zero nine hundred hours"),
    ("Ends in 00:30:00.", "Ends in thirty minutes."),
    ("2h 15m 30s", "two hours fifteen minutes thirty seconds"),
    ("wait 5s", "wait five seconds"),
    ("(c. 1450)", "(circa fourteen fifty)"),
    ("John 3:16", "John three sixteen"),
    # units
    ("a 5 min. walk", "a five minute walk"),
    ("It took 5 min. Then he left.", "It took five minutes. Then he left."),
    ("6 ft. tall", "six feet tall"),
    ("He is 6 ft. 2 in. tall.", "He is six feet two inches tall."),
    ("Let 5 in. Then go.", "Let five in. Then go."),
    ("12 oz. can", "twelve ounces can"),
    ('A 12" pizza, 27" wide.', "A twelve inch pizza, twenty-seven inches wide."),
    ('8.5" x 11" paper, a 3/4" drill', "eight point five by eleven inch paper, a three quarters inch drill"),
    ('"Is it 12"? he said.', '"Is it twelve"? he said.'),
    ("She's 5' tall, on an 8' ladder.", "She's five feet tall, on an eight foot ladder."),
    ("20'x30' room", "twenty by thirty feet room"),
    ("6'2 and 7'0\"", "six foot two and seven foot zero"),
    ("Take 2 x 500mg tablets 3x/day.", "Take two times five hundred milligrams tablets three times per day."),
    ("Mix 1 tsp. salt, 2 tbsp. sugar.", "Mix one teaspoon salt, two tablespoons sugar."),
    ("9.8 m/s²", "nine point eight meters per second squared"),
    ("4K video at 60fps, 1080p", "four K video at sixty frames per second, ten eighty p"),
    # numbers read digit by digit
    ("v2.0.1", "v two point zero point one"),
    ("Python3.11.2", "Python three point eleven point two"),
    ("192.168.0.1", "one nine two dot one six eight dot zero dot one"),
    ("100s of people", "hundreds of people"),
    ("10,000s of fans", "tens of thousands of fans"),
    ("747s", "seven forty-sevens"),
    ("F-16s", "F-sixteens"),
    (
        "Please dial 911 or 1-800-555-0199.",
        "Please dial nine one one or one, eight zero zero, five five five, zero one nine nine.",
    ),
    ("Call 911 now. Call 300 people.", "Call nine one one now. Call three hundred people."),
    ("Call (212) 555-0147 ext. 23.", "Call two one two, five five five, zero one four seven extension twenty-three."),
    ("Call 0800 123 4567.", "Call zero eight zero zero, one two three, four five six seven."),
    ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
    ("(020) 7946 0958", "zero two zero, seven nine four six, zero nine five eight"),
    ("555.123.4567", "five five five, one two three, four five six seven"),
    ("555 123 4567", "five five five, one two three, four five six seven"),
    ("1-(800)-555-0199", "one, eight zero zero, five five five, zero one nine nine"),
    ("Call 18005550199.", "Call one eight zero zero five five five zero one nine nine."),
    ("1-800-FLOWERS", "one, eight hundred, flowers"),
    ("Your code is 482913.", "Your code is four eight two nine one three."),
    ("Account ending in 4321.", "Account ending in four three two one."),
    ("ZIP 90210", "ZIP nine zero two one zero"),
    (
        "Your flight BA2490 departs at 06:45 from gate B12.",
        "Your flight BA two four nine zero departs at six forty-five from gate B twelve.",
    ),
    ("To confirm, press #. To repeat, press *.", "To confirm, press pound. To repeat, press star."),
    ("Press *1, then #. Dial *67.", "Press star one, then pound. Dial star six seven."),
    ("Press #2 for room #5.", "Press pound two for room number five."),
    ("Your PIN, followed by #.", "Your PIN, followed by pound."),
    # games
    ("Level 7 reached! +500 XP, -20 HP.", "Level seven reached! plus five hundred XP, minus twenty HP."),
    ("HP: 80/100. Mana: 35%.", "HP: eighty out of one hundred. Mana: thirty-five percent."),
    ("x2 combo!", "times two combo!"),
    ("Step 1/3: Open the app.", "Step one of three: Open the app."),
    ("You need lvl. 5+ to enter.", "You need level five plus to enter."),
    ("Score: 1,250 pts.", "Score: one thousand two hundred and fifty points."),
    ("\"STOP!!!\" he yelled. \"STOP NOW!\"", "\"stop!!!\" he yelled. \"stop now!\""),
    ("NO! NASA! OMG!", "no! NASA! OMG!"),
    ("THE FBI IS HERE", "the FBI is here"),
    ("Do NOT touch that. You MUST wait.", "Do not touch that. You must wait."),
    ("STOP. WAIT. WHAT?", "stop. wait. what?"),
    ("GET OUT! ACT NOW!", "get out! act now!"),
    ("THE END", "the end"),
    ("THE 21ST CENTURY, 2ND FLOOR", "the twenty-first century, second floor"),
    ("DON'T. I'M HERE. IT'S mine. I AM.", "don't. I'm here. it's mine. I am."),
    ("NOOOO way, AAA batteries.", "noooo way, AAA batteries."),
    ("USE VPN NOW. CT AND MRI", "use VPN now. CT and MRI"),
    ("IT told US at 10 AM. GIVE IT TO US", "IT told US at ten AM. give it to us"),
    ("NATO, UN and EU.", "NATO, UN and EU."),
    # names and abbreviations
    ("U.S. Senate", "US Senate"),
    ("P.O. Box", "PO Box"),
    ("John V. Smith", "John V Smith"),
    ("Henry V. He won.", "Henry the fifth. He won."),
    ("Chapter XXII, Chapter XL, Part XCIX", "Chapter twenty-two, Chapter forty, Part ninety-nine"),
    ("CHAPTER IV. CHAPTER I.", "chapter four. chapter one."),
    ("ACT III, SCENE II", "act three, scene two"),
    ("Type L batteries, a Type I error", "Type L batteries, a Type one error"),
    ("In this Part I explain it.", "In this Part I explain it."),
    ("Queen Elizabeth I was crowned in 1559.", "Queen Elizabeth the first was crowned in fifteen fifty-nine."),
    ("Plan B. Everyone ran.", "Plan B. Everyone ran."),
    ("He got an A. Everyone cheered.", "He got an A. Everyone cheered."),
    ("Martin Luther King Jr. Blvd. is closed.", "Martin Luther King Junior Boulevard is closed."),
    ("Martin Jr. She left.", "Martin Junior. She left."),
    ("Smith v. Jones", "Smith versus Jones"),
    ("Sgt. Maj. Lee, Ph.D.", "Sergeant Major Lee, PhD."),
    ("I.e. it's done.", "that is, it's done."),
    ("No. of items: 5", "Number of items: five"),
    (
        "123 Elm Dr., Suite 200. Call Dr. Smith.",
        "one twenty-three Elm Drive, Suite two hundred. Call Doctor Smith.",
    ),
    ("12 Main St, York", "twelve Main Street, York"),
    ("I-95 & Rte. 66", "I-ninety-five and route sixty-six"),
    ("Est. wait: 10-15 min.", "Estimated wait: ten to fifteen minutes."),
    # software
    ("Click File > Save As...", "Click File, Save As..."),
    ("Go to Settings → Privacy.", "Go to Settings, Privacy."),
    ("C++ and C#", "C plus plus and C sharp"),
    ("Follow @john_doe #winning", "Follow at john doe hashtag winning"),
    ("file.txt and index.html", "file dot txt and index dot html"),
    ("C:\\Users\\me", "C: backslash Users backslash me"),
    ("/usr/bin", "slash usr slash bin"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), LINES, ids=[written for written, _ in LINES])
def test_reading(written: str, expected: str) -> None:
    assert normalise(written, "en", CASED) == expected


@pytest.mark.parametrize("spec", [DEMO, CASED], ids=["small letters", "capitals"])
def test_reading_twice_changes_nothing(spec: ModelSpec) -> None:
    for written, _ in LINES:
        once = normalise(written, "en", spec)
        assert normalise(once, "en", spec) == once


def test_a_british_date_is_not_read_as_a_phrase() -> None:
    assert normalise("24/7/2024", "en-GB", CASED) == "July twenty-fourth, twenty twenty-four"
    assert normalise("9/11/2024", "en-GB", CASED) == "November ninth, twenty twenty-four"


def test_acronyms_are_spelled_for_a_model_without_capitals() -> None:
    assert normalise("NATO, UN and EU.", "en", DEMO) == "nato, u n and e u."
