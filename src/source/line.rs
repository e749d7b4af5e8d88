//! Tasks that wait, in the order of their results. One that was taken leaves its place open for what comes of it, so that
//! the first in line is what the reader needs soonest however the threads finish.

/// A ring of places; place 0 holds no task and stands between the last and the first.
pub(super) struct Line<T> {
    places: Vec<Place<T>>,
    /// Places that may be used again.
    free: Vec<usize>,
    waiting: usize,
}

struct Place<T> {
    before: usize,
    after: usize,
    /// `None`: taken.
    task: Option<T>,
}

impl<T> Line<T> {
    /// A line of one task.
    pub fn new(first: T) -> Self {
        let ends = Place {
            before: 0,
            after: 0,
            task: None,
        };
        let mut line = Self {
            places: vec![ends],
            free: Vec::new(),
            waiting: 0,
        };
        line.insert(0, first);
        line
    }

    /// Tasks that wait.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// The first task that waits, and its place.
    pub fn take_first(&mut self) -> Option<(usize, T)> {
        self.take(|place| place.after)
    }

    /// The last task that waits, and its place.
    pub fn take_last(&mut self) -> Option<(usize, T)> {
        self.take(|place| place.before)
    }

    /// Looks past the places of tasks being worked on, of which there are no more than threads.
    fn take(&mut self, next: fn(&Place<T>) -> usize) -> Option<(usize, T)> {
        let mut at = next(&self.places[0]);
        while at != 0 {
            if let Some(task) = self.places[at].task.take() {
                self.waiting -= 1;
                return Some((at, task));
            }
            at = next(&self.places[at]);
        }
        None
    }

    /// Gives up a place that was taken, for these tasks.
    pub fn replace(&mut self, place: usize, tasks: impl IntoIterator<Item = T>) {
        for task in tasks {
            self.insert(place, task);
        }
        let (before, after) = (self.places[place].before, self.places[place].after);
        self.places[before].after = after;
        self.places[after].before = before;
        self.free.push(place);
    }

    /// Forgets the tasks that wait.
    pub fn clear(&mut self) {
        self.places.iter_mut().for_each(|place| place.task = None);
        self.waiting = 0;
    }

    /// Puts a task in front of a place.
    fn insert(&mut self, after: usize, task: T) {
        let before = self.places[after].before;
        let place = Place {
            before,
            after,
            task: Some(task),
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.places[at] = place;
                at
            }
            None => {
                self.places.push(place);
                self.places.len() - 1
            }
        };
        self.places[before].after = at;
        self.places[after].before = at;
        self.waiting += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_a_task_stands_in_its_place() {
        let mut line = Line::new("a");
        let (a, _) = line.take_first().unwrap();
        line.replace(a, ["b", "c", "d"]);
        let (b, _) = line.take_first().unwrap();
        let (c, _) = line.take_first().unwrap();
        let (d, last) = line.take_last().unwrap();
        assert_eq!((last, line.len()), ("d", 0));
        // The second is done before the first.
        line.replace(c, ["c1", "c2"]);
        line.replace(d, ["d1"]);
        line.replace(b, ["b1"]);
        assert_eq!(line.len(), 4);
        let mut order = Vec::new();
        while let Some((place, task)) = line.take_first() {
            order.push(task);
            line.replace(place, []);
        }
        assert_eq!(order, ["b1", "c1", "c2", "d1"]);
    }

    #[test]
    fn places_are_used_again_and_a_cleared_line_is_empty() {
        let mut line = Line::new(0);
        for i in 1..1000 {
            let (place, _) = line.take_first().unwrap();
            line.replace(place, [i]);
        }
        assert!(line.places.len() < 8, "{}", line.places.len());
        let (place, _) = line.take_last().unwrap();
        line.replace(place, [1, 2, 3]);
        let (taken, _) = line.take_first().unwrap();
        line.clear();
        assert!(line.len() == 0 && line.take_first().is_none() && line.take_last().is_none());
        line.replace(taken, []);
    }
}
