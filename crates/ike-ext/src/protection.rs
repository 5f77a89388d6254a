/// When a responder asks strangers to show that they receive at their address, before it keeps
/// anything for them: by RFC 7296 §2.6 in IKEv2, by [MS-IKEE] §3.9 in IKEv1.
///
/// Negotiations are counted of which the responder has seen one message only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "three numbers and who looks at them"
)]
pub struct Protection {
    /// Whether the two numbers below decide.
    pub mode: Protect,
    /// With more of these it begins ([MS-IKEE] note 29).
    pub on: usize,
    /// With fewer of these it ends; never more than [`on`](Self::on).
    pub off: usize,
    /// With more of these from one address, nothing new is begun with that address.
    pub per_address: usize,
}

/// Whether thresholds decide about protection ([MS-IKEE] note 29).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "off, on and in between")]
pub enum Protect {
    /// It is on, whatever the load.
    Always,
    /// The thresholds decide.
    #[default]
    Automatic,
    /// It is off, whatever the load.
    Never,
}

impl Default for Protection {
    /// [`WINDOWS`](Self::WINDOWS).
    fn default() -> Self {
        Self::WINDOWS
    }
}

impl Protection {
    /// More than 500 switch it on, fewer than 100 off, and 35 are enough for one address
    /// ([MS-IKEE] note 29).
    pub const WINDOWS: Self = Self {
        mode: Protect::Automatic,
        on: 500,
        off: 100,
        per_address: 35,
    };

    /// Whether an address that has begun this many is to begin no more.
    #[must_use]
    pub const fn crowded(&self, from_one: usize) -> bool {
        from_one > self.per_address
    }
}

/// Whether protection is on: the one octet that has to be remembered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Alarm {
    raised: bool,
}

impl Alarm {
    /// Not raised.
    #[must_use]
    pub const fn new() -> Self {
        Self { raised: false }
    }

    /// Takes the number of half-open negotiations; whether protection is on from now on.
    pub const fn update(&mut self, protection: &Protection, half_open: usize) -> bool {
        self.raised = match protection.mode {
            Protect::Always => true,
            Protect::Never => false,
            Protect::Automatic if half_open > protection.on => true,
            Protect::Automatic => {
                let off = if protection.off < protection.on {
                    protection.off
                } else {
                    protection.on
                };
                self.raised && half_open >= off
            }
        };
        self.raised
    }

    /// Whether it was on when it was last asked.
    #[must_use]
    pub const fn is_raised(&self) -> bool {
        self.raised
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-IKEE] note 29
    #[test]
    fn it_goes_on_above_500_and_off_below_100() {
        let mut alarm = Alarm::default();
        let windows = Protection::WINDOWS;
        let mut seen = |half_open| alarm.update(&windows, half_open);
        assert!(!seen(500));
        assert!(seen(501));
        assert!(seen(100));
        assert!(!seen(99));
        assert!(!seen(500));
    }

    #[test]
    fn a_lower_bound_above_the_upper_one_does_not_make_it_flutter() {
        let mut alarm = Alarm::default();
        let low = Protection {
            on: 5,
            ..Protection::WINDOWS
        };
        assert!(alarm.update(&low, 6));
        assert!(alarm.update(&low, 5));
        assert!(!alarm.update(&low, 4));
    }

    #[test]
    fn always_and_never_do_not_look_at_the_load() {
        let mut alarm = Alarm::default();
        let with = |mode| Protection {
            mode,
            ..Protection::WINDOWS
        };
        assert!(alarm.update(&with(Protect::Always), 0));
        assert!(!alarm.update(&with(Protect::Never), usize::MAX));
        assert!(!alarm.is_raised());
    }
}
