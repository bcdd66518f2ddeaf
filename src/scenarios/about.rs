//! What there is to read about a scenario: its story, famous runs, challenges, sources. None of it is needed to run anything, and all of it together would
//! outweigh the models, so that it stands in a text of its own, `texts/en/SCENARIO.md`, which the page fetches when it shows it.
//!
//! ```text
//! # Story                                          a paragraph a line
//! # Moments
//! ## Split by impatience                           title
//! p2 voted yes, waited, and gave up.               what to look at
//! gives-up?participants=2&run=cl.begin,cl-c        variant, parameters, choices, and the step to show, if not the end
//! # Challenges
//! ## Make it change its mind                       title
//! Let the coordinator deny a commit.               what to do
//! change-its-mind: break ac4                       id, and what is asked for: `break`, `block` or `reach c=down,p1=committed`
//! no-log?participants=2                            variant and parameters
//! 12 choices, crash=1, delay=1                     bounds
//! - What does it know once it has crashed?         three hints, the vaguest first
//! # Left out                                       what the model leaves out, `- ` and a sentence a line
//! # Sources                                        `- ` title ` | ` place, a line each
//! ```

use thiserror::Error;

/// What there is to read about a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// The story, a paragraph each.
    pub story: Vec<&'static str>,
    /// Runs worth seeing, opened by one click.
    pub moments: Vec<Moment>,
    /// What the reader is dared to bring about.
    pub challenges: Vec<Challenge>,
    /// What the model leaves out, a sentence each.
    pub left_out: Vec<&'static str>,
    /// Sources that the model follows: (title, where in it).
    pub sources: Vec<(&'static str, &'static str)>,
}

/// Parameters, or bounds, by name.
type Named<T> = Vec<(&'static str, T)>;

/// A named run: a famous failure, a happy path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Title of the link.
    pub title: &'static str,
    /// One sentence: what to look at.
    pub text: &'static str,
    /// Variant that it runs in.
    pub variant: &'static str,
    /// Parameters that differ from the variant's defaults: (id, value).
    pub parameters: Named<&'static str>,
    /// Choices of a run string.
    pub choices: &'static str,
    /// Step to show; `None` for the end.
    pub step: Option<u32>,
}

/// Something that the reader is dared to bring about. That it can be done is proved by search, in a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// Its id, for what the page remembers: `split-without-fault`.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// What to do, one sentence.
    pub text: &'static str,
    /// Variant in which it is to be done.
    pub variant: &'static str,
    /// Parameters that differ from the variant's defaults: (id, value).
    pub parameters: Named<&'static str>,
    /// Faults that may be spent, by verb; the search that proves it also heeds `delay`.
    pub budget: Named<u32>,
    /// What is to be brought about.
    pub target: Target,
    /// Most choices.
    pub choices: u32,
    /// Hints, the vaguest first.
    pub hints: Vec<&'static str>,
}

/// What a challenge asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Break this invariant.
    Break(&'static str),
    /// Block this goal: nobody can reach it by waiting.
    Block(&'static str),
    /// Let lifelines stand so: (id, what the badge says, or `down` or `paused`).
    Reach(Named<&'static str>),
}

/// A text that does not say what it should.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line} of the text should be {wanted}, and is `{found}`")]
pub struct AboutError {
    /// Which line, from 1.
    pub line: usize,
    /// What should stand there.
    pub wanted: &'static str,
    /// What stands there.
    pub found: String,
}

/// The lines that say something, with their numbers.
struct Lines {
    rest: std::str::Lines<'static>,
    line: usize,
    /// The one at hand; empty behind the last.
    now: &'static str,
}

impl Lines {
    fn of(text: &'static str) -> Self {
        let mut lines = Lines { rest: text.lines(), line: 0, now: "" };
        lines.next();
        lines
    }

    /// Takes the line at hand.
    fn next(&mut self) -> &'static str {
        let taken = self.now;
        self.now = "";
        for line in self.rest.by_ref() {
            self.line += 1;
            if !line.is_empty() {
                self.now = line;
                break;
            }
        }
        taken
    }

    /// Takes what follows `mark` in the line at hand; `None` where it does not begin so.
    fn after(&mut self, mark: &str) -> Option<&'static str> {
        let rest = self.now.strip_prefix(mark)?;
        self.next();
        Some(rest)
    }

    /// Takes a line if `read` can make sense of it.
    fn read<T>(&mut self, wanted: &'static str, read: impl FnOnce(&'static str) -> Option<T>) -> Result<T, AboutError> {
        let got = read(self.now).ok_or_else(|| self.not(wanted))?;
        self.next();
        Ok(got)
    }

    fn not(&self, wanted: &'static str) -> AboutError {
        AboutError { line: self.line, wanted, found: self.now.chars().take(40).collect() }
    }
}

/// `a=1,b=2`, by any separator.
fn pairs(text: &'static str, by: char) -> Option<Named<&'static str>> {
    text.split(by).filter(|pair| !pair.is_empty()).map(|pair| pair.trim().split_once('=')).collect()
}

/// `variant?a=1&b=2`
fn placed(line: &'static str) -> Option<(&'static str, Named<&'static str>)> {
    let (variant, rest) = line.split_once('?').unwrap_or((line, ""));
    Some((variant, pairs(rest, '&')?))
}

fn moment(lines: &mut Lines, title: &'static str) -> Result<Moment, AboutError> {
    let text = lines.next();
    lines.read("`variant?run=choices`", |line| {
        let (variant, mut parameters) = placed(line)?;
        let mut take = |id: &str| {
            let at = parameters.iter().position(|(name, _)| *name == id)?;
            Some(parameters.remove(at).1)
        };
        let choices = take("run")?;
        let step = match take("step") {
            Some(step) => Some(step.parse().ok()?),
            None => None,
        };
        Some(Moment { title, text, variant, parameters, choices, step })
    })
}

fn target(text: &'static str) -> Option<Target> {
    let (verb, what) = text.split_once(' ')?;
    match verb {
        "break" => Some(Target::Break(what)),
        "block" => Some(Target::Block(what)),
        "reach" => Some(Target::Reach(pairs(what, ',')?)),
        _ => None,
    }
}

fn challenge(lines: &mut Lines, title: &'static str) -> Result<Challenge, AboutError> {
    let text = lines.next();
    let (id, target) = lines.read("`id: break invariant`, `block goal` or `reach node=state`", |line| {
        let (id, asked) = line.split_once(": ")?;
        Some((id, target(asked)?))
    })?;
    let (variant, parameters) = lines.read("`variant?parameters`", placed)?;
    let (choices, budget) = lines.read("`12 choices, crash=1`", |line| {
        let (choices, faults) = line.split_once(" choices")?;
        let faults: Option<_> =
            pairs(faults, ',')?.into_iter().map(|(verb, most)| Some((verb, most.parse().ok()?))).collect();
        Some((choices.parse().ok()?, faults?))
    })?;
    let mut hints = Vec::new();
    while let Some(hint) = lines.after("- ") {
        hints.push(hint);
    }
    Ok(Challenge { id, title, text, variant, parameters, budget, target, choices, hints })
}

impl About {
    /// Reads the text of a scenario. What comes of it are parts of that text.
    ///
    /// # Errors
    /// Where a line says something else than what its place asks for.
    pub fn parse(text: &'static str) -> Result<About, AboutError> {
        let mut about = About::default();
        let mut lines = Lines::of(text);
        while let Some(section) = lines.after("# ") {
            while !lines.now.is_empty() && !lines.now.starts_with("# ") {
                about.take(section, &mut lines)?;
            }
        }
        if lines.now.is_empty() { Ok(about) } else { Err(lines.not("`# ` and the name of a section")) }
    }

    /// Takes the next piece of a section.
    fn take(&mut self, section: &str, lines: &mut Lines) -> Result<(), AboutError> {
        match section {
            "Story" => self.story.push(lines.next()),
            "Moments" => {
                let title = lines.read("`## ` and the title of a moment", |line| line.strip_prefix("## "))?;
                self.moments.push(moment(lines, title)?);
            }
            "Challenges" => {
                let title = lines.read("`## ` and the title of a challenge", |line| line.strip_prefix("## "))?;
                self.challenges.push(challenge(lines, title)?);
            }
            "Left out" => self.left_out.push(lines.read("`- ` and a sentence", |line| line.strip_prefix("- "))?),
            "Sources" => {
                let source = |line: &'static str| line.strip_prefix("- ")?.split_once(" | ");
                self.sources.push(lines.read("`- title | place`", source)?);
            }
            _ => return Err(lines.not("under Story, Moments, Challenges, Left out or Sources")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Story\n\nOne.\nTwo.\n\n# Moments\n\n## A title\nLook.\nbasic?n=2&run=a.begin,a-b+5&step=1\n\n# Challenges\n\n\
        ## Dare\nDo it.\ndare: reach a=down,b=in doubt\nbasic\n12 choices, crash=1, delay=0\n- Vague.\n- Plain.\n\n# Left out\n\n- This.\n\n# Sources\n\n\
        - A book | page 1\n";

    #[test]
    fn a_text_is_read_whole() {
        let about = About::parse(TEXT).expect("it is right");
        assert_eq!(about.story, ["One.", "Two."]);
        let [moment] = &about.moments[..] else { panic!("one moment") };
        assert_eq!((moment.title, moment.text, moment.variant), ("A title", "Look.", "basic"));
        assert_eq!(
            (&moment.parameters[..], moment.choices, moment.step),
            (&[("n", "2")][..], "a.begin,a-b+5", Some(1))
        );
        let [challenge] = &about.challenges[..] else { panic!("one challenge") };
        assert_eq!((challenge.id, challenge.title, challenge.text, challenge.choices), ("dare", "Dare", "Do it.", 12));
        assert_eq!(challenge.target, Target::Reach(vec![("a", "down"), ("b", "in doubt")]));
        assert_eq!(
            (&challenge.budget[..], &challenge.hints[..]),
            (&[("crash", 1), ("delay", 0)][..], &["Vague.", "Plain."][..])
        );
        assert_eq!((&about.left_out[..], &about.sources[..]), (&["This."][..], &[("A book", "page 1")][..]));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |from: &str, to: &str| {
            let text: &'static str = TEXT.replacen(from, to, 1).leak();
            About::parse(text).expect_err("it is wrong").to_string()
        };
        assert_eq!(
            wrong("&run=", "&ran="),
            "line 10 of the text should be `variant?run=choices`, and is `basic?n=2&ran=a.begin,a-b+5&step=1`"
        );
        assert_eq!(
            wrong("step=1", "step=x").split(',').next(),
            Some("line 10 of the text should be `variant?run=choices`")
        );
        assert_eq!(
            wrong("reach", "touch").split(',').next(),
            Some("line 16 of the text should be `id: break invariant`")
        );
        assert_eq!(wrong("crash=1", "crash").split(" should").next(), Some("line 18 of the text"));
        assert_eq!(
            wrong("# Left out", "# Left in"),
            "line 24 of the text should be under Story, Moments, Challenges, Left out or Sources, and is `- This.`"
        );
        assert_eq!(
            wrong("# Story", "Story"),
            "line 1 of the text should be `# ` and the name of a section, and is `Story`"
        );
    }
}
