//! `iperf3` against servers that are none, and a server that nobody should ask.

use super::rig::Rig;
use crate::guest::{Service, Site};

/// What a server says when a test begins, byte by byte, and what it says in place of that.
fn saying(from: u8, to: u8) -> Rig {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(5201, Service::Iperf);
    rig.tamper = Some(Box::new(move |sender, said| {
        if sender == 1 {
            said.iter_mut().filter(|byte| **byte == from).for_each(|byte| *byte = to);
        }
    }));
    rig
}

#[test]
fn a_server_that_loses_its_place_is_left() {
    const ORDER: [u8; 4] = [9, 10, 1, 2];
    for from in ORDER {
        for to in [0, 1, 2, 4, 9, 10, 13, 14, 16, 255] {
            let output = saying(from, to).run(0, "iperf3 -c 10.0.1.11 -n 100K");
            assert!(from == to || output.exit == 1 || (from, to) == (1, 1), "{from} {to}: {output:?}");
        }
    }
}

#[test]
fn servers_of_other_kinds_end_a_test() {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(22, Service::Ssh);
    rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
    rig.hosts[1].serve(5201, Service::Iperf);
    rig.run(0, "iperf3 -c 10.0.1.11 -p 22").assert(
        1,
        "Connecting to host 10.0.1.11, port 22\n",
        "iperf3: error - received an unknown control message\n",
    );
    assert_eq!(rig.run(0, "iperf3 -c 10.0.1.11 -p 80").exit, 1);
    for command in [
        "curl -sS -m 5 http://10.0.1.11:5201",
        "ssh -p 5201 -o ConnectTimeout=5 10.0.1.11 ping -c 1 10.0.1.11",
    ] {
        let output = rig.run(0, command);
        assert!(output.exit > 0, "{command}: {output:?}");
    }
    rig.settle();
}
