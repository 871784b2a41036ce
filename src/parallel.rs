//! Work on many files or entries, on all processors.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fewer files or entries than this are done faster by one thread than by several.
const PER_THREAD: usize = 500;

/// Does the work on parts of a row, and gives what came of each, in order.
pub fn in_parts<T: Send, R: Send>(mut row: Vec<T>, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let length = row.len().div_ceil(threads(row.len()));
    let mut parts = Vec::new();
    while row.len() > length {
        parts.push(row.split_off(row.len() - length));
    }
    parts.push(row);
    parts.reverse();
    let work = &work;
    together(parts.into_iter().map(|part| move || work(part)).collect())
}

/// The same where one thing has nothing to do with the next.
pub fn each<T: Send, R: Send>(row: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut parts = in_parts(row, |part| part.into_iter().map(&work).collect::<Vec<R>>()).into_iter();
    let mut done = parts.next().unwrap_or_default();
    parts.for_each(|part| done.extend(part));
    done
}

/// Does different pieces of work, each as soon as a processor is free, and gives what came of each, in order. `size` is
/// how many files or entries all of them look at.
pub fn in_turns<T: Sync, R: Send>(jobs: &[T], size: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let turns = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        jobs.get(number).map(|job| (number, work(job)))
    };
    let turns = || std::iter::from_fn(turns).collect::<Vec<(usize, R)>>();
    let mut done: Vec<(usize, R)> = together(vec![turns; threads(size)]).into_iter().flatten().collect();
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Runs all at once, the first in this thread.
fn together<R: Send>(works: Vec<impl FnOnce() -> R + Send>) -> Vec<R> {
    let mut works = works.into_iter();
    let Some(own) = works.next() else { return Vec::new() };
    std::thread::scope(|scope| {
        let others: Vec<_> = works.map(|work| scope.spawn(work)).collect();
        let mut done = vec![own()];
        for other in others {
            match other.join() {
                Ok(result) => done.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

/// How many threads so many files or entries are worth.
fn threads(size: usize) -> usize {
    match size / PER_THREAD {
        0 | 1 => 1,
        most => most.min(processors()),
    }
}

/// Asked once: the answer is read from files of the system.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_in_order() {
        for length in [0, 1, 499, 1_000, 10_001] {
            let row: Vec<usize> = (0..length).collect();
            assert_eq!(in_parts(row.clone(), |part| part).concat(), row);
            assert_eq!(each(row.clone(), |one| one), row);
            assert_eq!(in_turns(&row, length, |one| *one), row);
        }
    }
}
