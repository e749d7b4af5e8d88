//! The images of a bill, with the layers that contain a program.

use super::id;
use super::inventory::Inventory;
use gospect_record::LayerRecord;
use std::collections::BTreeMap;

/// An image with the programs of each layer, by number.
pub(super) struct BillImage<'a> {
    pub(super) id: String,
    pub(super) reference: &'a str,
    pub(super) digest: Option<&'a str>,
    pub(super) platform: Option<&'a str>,
    config_digest: Option<&'a str>,
    pub(super) layers: Vec<BillLayer<'a>>,
}

pub(super) struct BillLayer<'a> {
    pub(super) id: String,
    pub(super) index: Option<u32>,
    pub(super) digest: Option<&'a str>,
    pub(super) record: Option<&'a LayerRecord>,
    pub(super) programs: Vec<usize>,
}

/// All images, including those without a Go program, with the layers that contain one.
pub(super) fn images(inventory: &Inventory) -> Vec<BillImage<'_>> {
    let mut images: Vec<BillImage> = Vec::new();
    let mut positions = BTreeMap::new();
    let records = inventory
        .images
        .iter()
        .map(|r| ((&r.reference, &r.digest, &r.platform), Some(r), None));
    let programs = inventory.programs.iter().enumerate();
    let programs = programs.filter_map(|(number, program)| {
        let image = program.location.image.as_ref()?;
        Some((
            (&image.reference, &image.digest, &image.platform),
            None,
            Some((number, program)),
        ))
    });
    for (name, record, program) in records.chain(programs) {
        let (position, layers, record) = &mut *positions.entry(name).or_insert_with(|| {
            images.push(BillImage {
                id: id("image", &format!("{name:?}")),
                reference: name.0,
                digest: name.1.as_deref(),
                platform: name.2.as_deref(),
                config_digest: record.and_then(|record| record.config_digest.as_deref()),
                layers: Vec::new(),
            });
            (images.len() - 1, BTreeMap::new(), record)
        });
        let (Some((number, program)), Some(image)) = (program, images.get_mut(*position)) else {
            continue;
        };
        let layer = program.location.layer.as_ref();
        let index = layer.map(|layer| layer.index);
        let position = *layers.entry(index).or_insert_with(|| {
            image.layers.push(BillLayer {
                id: id("layer", &format!("{} {index:?}", image.id)),
                index,
                digest: layer.and_then(|layer| layer.digest.as_deref()),
                record: record
                    .zip(index)
                    .and_then(|(record, index)| record.layers.get(index as usize)),
                programs: Vec::new(),
            });
            image.layers.len() - 1
        });
        if let Some(layer) = image.layers.get_mut(position) {
            layer.programs.push(number);
        }
    }
    for image in &mut images {
        image.layers.sort_by_key(|layer| layer.index);
    }
    images
}

impl BillImage<'_> {
    /// Facts as pairs of name and value.
    pub(super) fn properties(&self) -> Vec<(String, String)> {
        let all = [
            ("gospect:platform", self.platform),
            ("gospect:config_digest", self.config_digest),
        ];
        let known = all.into_iter();
        known
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect()
    }
}

impl BillLayer<'_> {
    pub(super) fn number(&self) -> String {
        self.index
            .map_or_else(|| "unknown".to_owned(), |index| index.to_string())
    }

    pub(super) fn name(&self) -> String {
        self.digest
            .map_or_else(|| format!("layer {}", self.number()), str::to_owned)
    }

    /// Facts as pairs of name and value.
    pub(super) fn properties(&self) -> Vec<(String, String)> {
        let command = self.record.and_then(|record| record.created_by.clone());
        let command = command.map(|command| ("gospect:created_by".to_owned(), command));
        let number = ("gospect:layer".to_owned(), self.number());
        std::iter::once(number).chain(command).collect()
    }
}
