//! The releases by name.

use core::fmt;

/// A release of Windows that [MS-IKEE] tells apart (appendix A, notes 2, 6 and 14), in the order in which they came out, a client
/// before the server of its time.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Release {
    /// Windows 2000 before its service pack 4 and the rollup: without NAT traversal and fragmentation.
    Windows2000,
    /// Windows 2000 with service pack 4.
    Windows2000Sp4,
    /// Windows XP before its service pack 2.
    WindowsXp,
    /// Windows XP with service pack 2.
    WindowsXpSp2,
    /// Windows Server 2003.
    Server2003,
    /// Windows Vista before its service pack 2: without keep-alives.
    WindowsVista,
    /// Windows Vista with service pack 2.
    WindowsVistaSp2,
    /// Windows Server 2008 before its service pack 2: without keep-alives.
    Server2008,
    /// Windows Server 2008 with service pack 2.
    Server2008Sp2,
    /// Windows 7.
    Windows7,
    /// Windows Server 2008 R2.
    Server2008R2,
    /// Windows 8.
    Windows8,
    /// Windows Server 2012.
    Server2012,
    /// Windows 8.1.
    Windows81,
    /// Windows Server 2012 R2.
    Server2012R2,
    /// Windows 10, as its later builds are (1803 and on).
    Windows10,
    /// Windows Server 2016.
    Server2016,
    /// Windows Server 2019.
    Server2019,
    /// Windows Server 2022.
    Server2022,
    /// Windows 11.
    Windows11,
    /// Windows Server 2025.
    Server2025,
}

impl Release {
    /// All, the oldest first.
    pub const ALL: &'static [Self] = &[
        Self::Windows2000,
        Self::Windows2000Sp4,
        Self::WindowsXp,
        Self::WindowsXpSp2,
        Self::Server2003,
        Self::WindowsVista,
        Self::WindowsVistaSp2,
        Self::Server2008,
        Self::Server2008Sp2,
        Self::Windows7,
        Self::Server2008R2,
        Self::Windows8,
        Self::Server2012,
        Self::Windows81,
        Self::Server2012R2,
        Self::Windows10,
        Self::Server2016,
        Self::Server2019,
        Self::Server2022,
        Self::Windows11,
        Self::Server2025,
    ];

    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows2000 => "Windows 2000",
            Self::Windows2000Sp4 => "Windows 2000 SP4",
            Self::WindowsXp => "Windows XP",
            Self::WindowsXpSp2 => "Windows XP SP2",
            Self::Server2003 => "Windows Server 2003",
            Self::WindowsVista => "Windows Vista",
            Self::WindowsVistaSp2 => "Windows Vista SP2",
            Self::Server2008 => "Windows Server 2008",
            Self::Server2008Sp2 => "Windows Server 2008 SP2",
            Self::Windows7 => "Windows 7",
            Self::Server2008R2 => "Windows Server 2008 R2",
            Self::Windows8 => "Windows 8",
            Self::Server2012 => "Windows Server 2012",
            Self::Windows81 => "Windows 8.1",
            Self::Server2012R2 => "Windows Server 2012 R2",
            Self::Windows10 => "Windows 10",
            Self::Server2016 => "Windows Server 2016",
            Self::Server2019 => "Windows Server 2019",
            Self::Server2022 => "Windows Server 2022",
            Self::Windows11 => "Windows 11",
            Self::Server2025 => "Windows Server 2025",
        }
    }

    /// The word for configurations and commands, such as `windows-7`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Windows2000 => "windows-2000",
            Self::Windows2000Sp4 => "windows-2000-sp4",
            Self::WindowsXp => "windows-xp",
            Self::WindowsXpSp2 => "windows-xp-sp2",
            Self::Server2003 => "server-2003",
            Self::WindowsVista => "windows-vista",
            Self::WindowsVistaSp2 => "windows-vista-sp2",
            Self::Server2008 => "server-2008",
            Self::Server2008Sp2 => "server-2008-sp2",
            Self::Windows7 => "windows-7",
            Self::Server2008R2 => "server-2008-r2",
            Self::Windows8 => "windows-8",
            Self::Server2012 => "server-2012",
            Self::Windows81 => "windows-8.1",
            Self::Server2012R2 => "server-2012-r2",
            Self::Windows10 => "windows-10",
            Self::Server2016 => "server-2016",
            Self::Server2019 => "server-2019",
            Self::Server2022 => "server-2022",
            Self::Windows11 => "windows-11",
            Self::Server2025 => "server-2025",
        }
    }

    /// The release with this [word](Self::word).
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// Whether it is a server.
    #[must_use]
    pub const fn is_server(self) -> bool {
        matches!(
            self,
            Self::Server2003
                | Self::Server2008
                | Self::Server2008Sp2
                | Self::Server2008R2
                | Self::Server2012
                | Self::Server2012R2
                | Self::Server2016
                | Self::Server2019
                | Self::Server2022
                | Self::Server2025
        )
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
