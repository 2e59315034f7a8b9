//! The role of a word or phrase of the lexicon in a sentence. The rules use only these classes, so that a language can
//! be added by data alone.

macro_rules! classes {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// The role of a word or phrase in a sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Class {
            $(#[doc = $meaning] $variant,)*
        }

        impl Class {
            /// The class of a row of a lexicon, by its name.
            pub(super) fn by_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

classes! {
    // The frame of a sentence.
    Split "split" "Begins a clause that the clause before does not reach into: but, although, because."
    And "and" "Joins two clauses, or two words of one clause."
    Condition "condition" "Makes the sentence a supposition: if, unless, provided that."
    Others "others" "Says that the sentence is about somebody else: not them, not our contact's."
    Unsure "unsure" "Takes the certainty from its clause: maybe, whether, unclear."
    Not "not" "Negates the words near it."
    Without "without" "Negates what follows: without. With a second negation the clause says that it is needed."
    Neither "neither" "Negates all words after it in its clause."
    Idiom "idiom" "Contains a negation but negates nothing: no doubt, not only, no later than."
    Past "past" "Places its clause in a time that is over: last year, used to, the former."
    Elsewhere "elsewhere" "Makes its clause speak about another company: the competitor, another customer."
    Be "be" "Links a subject to what it is. A colon does the same."
    Of "of" "Links a title to its company: of, at, bei, chez."
    Article "article" "An article or a possessive."
    Current "current" "What they have today: the current tool, the existing supplier."
    // Budget.
    Money "money" "Money set aside: budget, funds."
    Approve "approve" "Money that is there: approved, allocated, available."
    Have "have" "They have it: have, there is."
    Cut "cut" "Money that is gone: cut, frozen, rejected."
    Pending "pending" "Nothing is decided about it: pending, requested, to be approved."
    Nothing "nothing" "Stands for none where a value is expected: none, nil, zero."
    Affirmed "affirmed" "Stands for yes where a value is expected: yes, ok."
    Tight "tight" "Money is short: tight, limited, too small."
    Spend "spend" "They pay: spend, invest, pay up to."
    Afford "afford" "They are able to pay: can afford, well funded."
    Broke "broke" "They can't pay: cannot afford, out of money, insolvent."
    Expensive "expensive" "The price is too high for them."
    Expense "expense" "What the money is asked for: the spend, the expense."
    Obstacle "obstacle" "A hindrance: a problem, an issue, an obstacle."
    Painless "painless" "Nothing stands in the way: no problem, no issue."
    Thousand "thousand" "Multiplies an amount: thousand, million."
    Currency "currency" "A currency by name: euros, dollars."
    // Authority.
    Decides "decides" "One person decides or signs, in a form for one person."
    Power "power" "The power to decide: the final say, signing authority."
    Decider "decider" "A noun for who decides: decision maker, budget holder."
    They "they" "The customer as a subject: they."
    Executive "executive" "A title of who leads a company: CEO, owner."
    Head "head" "A title of who leads a department: head of, director, vice president."
    Manager "manager" "A title of who leads a team."
    Junior "junior" "A role that does not decide: intern, student."
    Superior "superior" "Somebody else who decides: her boss, the board, headquarters."
    Away "away" "Takes a title from the contact: the assistant of, left, reports to, will be hired."
    Approval "approval" "Somebody's consent."
    Must "must" "Needs or has to."
    Ask "ask" "Ask or consult somebody, as an infinitive."
    Contact "contact" "The contact: I, she, he, our contact, Mrs."
    Meet "meet" "We talked to: met, spoke with, a call with."
    Say "say" "Somebody talked to us: says, asked, confirmed, wants."
    Future "future" "Not done yet: will, want to, should."
    Alone "alone" "Without asking anybody: alone, himself."
    Powerless "powerless" "The contact decides nothing, as an idiom: has no say, is not allowed to sign."
    Depends "depends" "It hangs on something or somebody: depends on. Nothing else in the clause is certain."
    Convince "convince" "The contact has to bring somebody round: has to convince, must talk to."
    // Need.
    Seek "seek" "They want a solution: looking for, need, evaluate."
    Interest "interest" "They are interested."
    Problem "problem" "They have a problem: struggle, pain, lose customers."
    Satisfied "satisfied" "They are content."
    Needless "needless" "They see no need, as an idiom: unsubscribe, not interested."
    Solved "solved" "The problem is gone."
    Aside "aside" "What a need is of that a purchase does not fill: time, approval, to think."
    // Timeline.
    Soon "soon" "Within about a month."
    Quarter "quarter" "Within about a quarter, or at a named date."
    Far "far" "A time that is far away: next year."
    Later "later" "They are in no hurry, as an idiom: no rush, on hold."
    Resume "resume" "They will speak of it again: come back to it, revisit."
    Until "until" "A start that is not before a time: not until, not before, earliest."
    Buy "buy" "The purchase: decide, sign, buy, go live, start."
    Within "within" "Before a number of days: within, in."
    Day "day" "Days."
    Week "week" "Weeks."
    Month "month" "Months."
    Year "year" "Years."
    Encounter "encounter" "What a time is of that is no purchase: a meeting, a holiday, a trade fair."
}
