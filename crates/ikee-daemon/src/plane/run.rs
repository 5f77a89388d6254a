//! Sealed packets for one peer, gathered so that one system call sends them all.

use core::net::SocketAddr;
use std::io;

use crate::udp::Sockets;

/// Octets that one call may carry: what fits into an IP packet.
const LARGEST: usize = 65_000;

/// Datagrams of one length, but for the last one, between two addresses.
#[derive(Debug, Default)]
pub(super) struct Run {
    bytes: Vec<u8>,
    /// From, to, and the length of all but the last.
    shape: Option<(SocketAddr, SocketAddr, usize)>,
    count: usize,
    /// The last one is shorter, so nothing may follow.
    closed: bool,
}

impl Run {
    /// Adds a datagram; sends what was gathered first, where they do not go together.
    pub(super) fn add(
        &mut self,
        sockets: &Sockets,
        from: SocketAddr,
        to: SocketAddr,
        datagram: &[u8],
    ) -> io::Result<()> {
        let mut sent = Ok(());
        if !self.fits(sockets, from, to, datagram.len()) {
            sent = self.send(sockets);
        }
        let (_, _, size) = *self.shape.get_or_insert((from, to, datagram.len()));
        self.closed = datagram.len() < size;
        self.count += 1;
        self.bytes.extend_from_slice(datagram);
        sent
    }

    fn fits(&self, sockets: &Sockets, from: SocketAddr, to: SocketAddr, length: usize) -> bool {
        self.shape.is_none_or(|(our, peer, size)| {
            (our, peer) == (from, to)
                && length <= size
                && !self.closed
                && self.count < sockets.run_limit()
                && self.bytes.len() + length <= LARGEST
        })
    }

    /// Sends what was gathered.
    pub(super) fn send(&mut self, sockets: &Sockets) -> io::Result<()> {
        let Some((from, to, size)) = self.shape.take() else {
            return Ok(());
        };
        let sent = sockets.send_run(from, to, &self.bytes, size);
        self.bytes.clear();
        (self.count, self.closed) = (0, false);
        sent
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;
    use crate::udp::Batch;

    /// What arrives when datagrams of these lengths are added and sent.
    async fn through(lengths: &[usize]) -> Vec<Vec<u8>> {
        let home = [Ipv4Addr::LOCALHOST.into()];
        let ours = Sockets::bind(&home, &[0], None).unwrap();
        let mut theirs = Sockets::bind(&home, &[0], None).unwrap();
        let (from, to) = (
            ours.local_addresses().next().unwrap(),
            theirs.local_addresses().next().unwrap(),
        );
        let mut run = Run::default();
        for (number, &length) in (0_u8..).zip(lengths) {
            run.add(&ours, from, to, &vec![number; length]).unwrap();
        }
        run.send(&ours).unwrap();
        run.send(&ours).unwrap();
        let (mut batch, mut arrived) = (Batch::default(), Vec::new());
        while arrived.len() < lengths.len() {
            theirs.receive(&mut batch).await.unwrap();
            arrived.extend(batch.datagrams().map(|(local, remote, bytes)| {
                assert_eq!((local, remote), (to, from));
                bytes.to_vec()
            }));
        }
        arrived
    }

    #[test]
    fn datagrams_arrive_in_order_and_whole_however_they_were_gathered() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        for lengths in [
            &[100][..],
            &[100, 100, 100],
            &[100, 100, 40, 100],
            &[100, 200, 200, 1],
            &[1400; 100],
            &[9000; 20],
            &[60_000, 60_000],
        ] {
            let arrived = runtime.block_on(through(lengths));
            let expected: Vec<Vec<u8>> = (0_u8..)
                .zip(lengths)
                .map(|(number, &length)| vec![number; length])
                .collect();
            assert_eq!(arrived, expected, "{lengths:?}");
        }
    }
}
