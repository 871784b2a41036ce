//! Work on many files or entries, on all processors.

use std::sync::OnceLock;

/// Fewer files or entries than this are done faster by one thread than by several.
const PER_THREAD: usize = 500;

/// Does the work on parts of a row, and gives what came of each, in order.
pub(crate) fn in_parts<T: Send, R: Send>(mut row: Vec<T>, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let threads = match row.len() / PER_THREAD {
        0 | 1 => return vec![work(row)],
        most => most.min(processors()),
    };
    let length = row.len().div_ceil(threads);
    let mut parts = Vec::with_capacity(threads);
    while row.len() > length {
        parts.push(row.split_off(row.len() - length));
    }
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = parts.into_iter().rev().map(|part| scope.spawn(move || work(part))).collect();
        let mut done = vec![work(row)];
        for other in others {
            match other.join() {
                Ok(result) => done.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
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
    fn parts_come_back_in_order() {
        for length in [0, 1, 499, 1_000, 10_001] {
            let row: Vec<usize> = (0..length).collect();
            assert_eq!(in_parts(row.clone(), |part| part).concat(), row);
        }
    }
}
