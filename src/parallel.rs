//! Work on many files or entries, on all processors.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::Builder;

/// Fewer files or entries than this are done faster by one thread than by several.
const PER_THREAD: usize = 500;

/// Does the work on parts of a row, and gives what came of each, in order.
pub fn in_parts<T: Send, R: Send>(mut row: Vec<T>, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let threads = threads(row.len());
    let length = row.len().div_ceil(threads);
    let mut parts = Vec::new();
    while row.len() > length {
        parts.push(row.split_off(row.len() - length));
    }
    parts.push(row);
    parts.reverse();
    together(parts, threads, work)
}

/// The same where one thing has nothing to do with the next.
pub fn each<T: Send, R: Send>(row: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut parts = in_parts(row, |part| part.into_iter().map(&work).collect::<Vec<R>>()).into_iter();
    let mut done = parts.next().unwrap_or_default();
    parts.for_each(|part| done.extend(part));
    done
}

/// Does different pieces of work, and gives what came of each, in order. `size` is how many files or entries all of them
/// look at.
pub fn in_turns<T: Sync, R: Send>(jobs: &[T], size: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    together(jobs.iter().collect(), threads(size), work)
}

/// Does each piece of work as soon as a thread is free; this thread is one of them. What a thread would have done that the
/// system refuses is left to the others.
fn together<J: Send, R: Send>(jobs: Vec<J>, threads: usize, work: impl Fn(J) -> R + Sync) -> Vec<R> {
    let queue = Mutex::new(jobs.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let turns = || std::iter::from_fn(next).map(|(number, job)| (number, work(job))).collect::<Vec<(usize, R)>>();
    let mut done = std::thread::scope(|scope| {
        let start = |_| Builder::new().spawn_scoped(scope, turns).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut done = turns();
        for other in others {
            match other.join() {
                Ok(results) => done.extend(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
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
