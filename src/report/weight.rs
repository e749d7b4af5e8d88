//! What a record takes in memory.

use super::model::{Binary, Module};

impl Binary {
    /// About how many bytes of memory the record takes: every text of the lists that may be long, with what the allocator needs for it.
    pub fn weight(&self) -> u64 {
        const TEXT: usize = 40;
        fn texts<'t>(all: impl IntoIterator<Item = &'t String>) -> usize {
            all.into_iter().map(|t| t.len() + TEXT).sum()
        }
        fn of_module(module: &Module) -> usize {
            let own = size_of::<Module>() + texts([&module.path, &module.version, &module.sum]);
            own + module.replace.as_ref().map_or(0, |m| of_module(m))
        }
        // Of usual records, what is behind the fields below is most.
        let mut sum = size_of::<Binary>() + 2048;
        if let Some(info) = &self.build_info {
            sum += info.deps.iter().map(of_module).sum::<usize>();
            sum += texts(info.settings.iter().flat_map(|s| [&s.key, &s.value]));
        }
        sum += texts(&self.notes);
        if let Some(linked) = &self.linked {
            sum += texts(linked.not_linked.iter().chain(&linked.not_recorded));
        }
        sum += texts(self.linker_strings.iter().flatten().map(|s| &s.value));
        let paths = self.paths.iter().flatten();
        sum += texts(paths.flat_map(|p| [&p.prefix, &p.example, &p.found_in]));
        let needed = self.linkage.iter().flat_map(|l| l.needed.iter().flatten());
        sum += texts(needed);
        let effective = self.godebug.effective.iter().flatten();
        sum += effective
            .map(|e| {
                texts(
                    [&e.key, &e.value, &e.origin, &e.status]
                        .into_iter()
                        .chain(&e.note),
                )
            })
            .sum::<usize>();
        let recorded = [&self.godebug.recorded_pairs, &self.godebug.baked_pairs];
        let pairs = recorded.into_iter().flatten().flatten();
        sum += texts(pairs.flat_map(|(key, value)| [key, value]));
        sum as u64
    }
}
