//! Accounts, regions and zones: what most of a source has is said once, and what is not known is mapped to
//! something that is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::inventory::{About, Inventory, Loss, Notice, Place};
use super::page::{Doc, Map};
use super::{Composer, Options};
use crate::model::{Account, Region};

/// Whose things are, and where.
#[derive(Debug)]
pub struct Scopes {
    account: String,
    region: Region,
    /// Zones by their whole name, where the letter is another.
    letters: BTreeMap<String, char>,
}

/// Of what does not say whose it is.
const ACCOUNT: &str = "123456789012";
/// Of what does not say where it is.
const REGION: &str = "us-east-1";

impl Scopes {
    /// What most VPCs have is what the scenario has.
    pub fn of(inventory: &Inventory, options: &Options, notices: &mut Vec<Notice>) -> Self {
        let accounts = inventory.vpcs.iter().filter_map(|vpc| vpc.about.account.clone());
        let account = options.account.clone().or_else(|| most(accounts.filter(|it| is_account(it))));
        let known = |region: &String| region.parse::<Region>().ok();
        let regions = inventory.vpcs.iter().filter_map(|vpc| vpc.about.region.as_ref().and_then(known));
        let given = options.region.as_ref().and_then(known);
        let region = given.or_else(|| most(regions)).unwrap_or_else(|| REGION.parse().expect("a region"));
        let mut scopes =
            Self { account: account.unwrap_or_else(|| ACCOUNT.to_owned()), region, letters: BTreeMap::new() };
        scopes.map_zones(inventory, notices);
        scopes.check_regions(inventory, notices);
        scopes
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    pub fn region(&self) -> &str {
        self.region.name()
    }

    /// The region of something, as far as it is known.
    fn region_of(&self, about: &About) -> Region {
        about.region.as_ref().and_then(|region| region.parse().ok()).unwrap_or(self.region)
    }

    /// The letter of a zone.
    pub fn letter(&self, zone: &str) -> Option<char> {
        self.letters.get(zone).copied()
    }

    /// Every account has the zones of a region by other letters, and not all letters are known: those that are not
    /// take one that nobody else has.
    fn map_zones(&mut self, inventory: &Inventory, notices: &mut Vec<Notice>) {
        let mut used: BTreeSet<(Region, char)> = BTreeSet::new();
        let mut unknown: BTreeMap<&str, (Region, &Place)> = BTreeMap::new();
        for subnet in &inventory.subnets {
            let Some(zone) = &subnet.zone else { continue };
            let region = self.region_of(&subnet.about);
            let letter = zone.strip_prefix(region.name()).and_then(|rest| rest.parse::<char>().ok());
            match letter.and_then(|letter| region.zone(letter)) {
                Some(known) => {
                    used.insert((region, known.letter));
                    self.letters.insert(zone.clone(), known.letter);
                }
                None => {
                    unknown.insert(zone, (region, &subnet.about.place));
                }
            }
        }
        for (zone, (region, place)) in unknown {
            let mut free = region.zones().filter(|zone| !used.contains(&(region, zone.letter)));
            let Some(taken) = free.next().or_else(|| region.zones().last()) else { continue };
            used.insert((region, taken.letter));
            self.letters.insert(zone.to_owned(), taken.letter);
            notices.push(Notice {
                place: place.clone(),
                loss: Loss::Harmless,
                message: format!("the zone {zone} is not known: taken for {taken}"),
            });
        }
    }

    fn check_regions(&self, inventory: &Inventory, notices: &mut Vec<Notice>) {
        let mut said = BTreeSet::new();
        for vpc in &inventory.vpcs {
            let Some(region) = &vpc.about.region else { continue };
            if region.parse::<Region>().is_err() && said.insert(region) {
                notices.push(Notice {
                    place: vpc.about.place.clone(),
                    loss: Loss::Matters,
                    message: format!("the region {region} is not known: taken for {}", self.region),
                });
            }
        }
    }
}

fn is_account(text: &str) -> bool {
    text.parse::<Account>().is_ok()
}

/// The one that occurs most often; of several, the first of them in their order.
fn most<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    let max = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == max).map(|(item, _)| item)
}

impl Composer<'_> {
    /// Account and region, where they are not those of the scenario.
    pub(super) fn put_scope(&self, about: &About, map: &mut Map) {
        let region = self.scopes.region_of(about);
        if region != self.scopes.region {
            map.put("region", Doc::text(region.name()));
        }
        if let Some(account) =
            about.account.as_ref().filter(|it| is_account(it) && **it != self.scopes.account)
        {
            map.put("account", Doc::text(account));
        }
    }
}
