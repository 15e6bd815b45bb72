#!/usr/bin/env python3
"""Prints a scenario with many hosts and much background traffic, to see how long it takes and what it needs.

    tests/interop/traffic.py --interfaces 1000 --flows 1000000 > big.yaml
    /usr/bin/time -v vpclab run big.yaml --no-out
"""

import argparse

HEALTH_CHECKS = 0.25  # of all flows
VISITS = 0.40  # of people; what is left is between applications and databases


def hosts(prefix, count):
    return [f"{prefix}{number}" for number in range(count)]


def names(hosts):
    return f"[{', '.join(hosts)}]"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--interfaces", type=int, default=1000)
    arguments.add_argument("--flows", type=int, default=1_000_000)
    arguments.add_argument("--hours", type=int, default=24)
    given = arguments.parse_args()

    count = given.interfaces
    webs, balancers = hosts("Web", max(count // 10, 1)), hosts("Balancer", 2)
    databases = hosts("Database", max(count // 50, 1))
    apps = hosts("App", max(count - len(webs) - len(balancers) - len(databases), 2))
    people = hosts("Visitor", 50)

    seconds = given.hours * 3600
    checks = given.flows * HEALTH_CHECKS
    beat = max(seconds * len(balancers) * len(webs) / checks, 1)
    visits = given.flows * VISITS / given.hours
    queries = given.flows * (1 - HEALTH_CHECKS - VISITS) / given.hours

    print("name: much traffic")
    print("quotas: unlimited")
    print("buckets: { logs: {} }")
    print("flow_logs: { Log: { resource: Big, bucket: logs } }")
    print("vpcs:")
    print("  Big:")
    print("    cidr: 10.0.0.0/16")
    print("    internet_gateway: Gateway")
    print("    subnets:")
    print("      Public: { cidr: 10.0.0.0/18, az: a, map_public_ip: true }")
    print("      Private: { cidr: 10.0.64.0/18, az: b }")
    print("    nat_gateways: { Nat: { subnet: Public } }")
    print("    route_tables:")
    print("      Outward: { subnets: [Public], routes: { 0.0.0.0/0: Gateway } }")
    print("      Inward: { subnets: [Private], routes: { 0.0.0.0/0: Nat } }")
    print("    security_groups:")
    print("      Webs: { ingress: [{ tcp: 80, from: anywhere }] }")
    print("      Apps: {}")
    print("      Databases: { ingress: [{ tcp: 5432, from: Apps }] }")
    print("    instances:")
    for name in balancers:
        print(f"      {name}: {{ subnet: Public, security_groups: Apps }}")
    for name in webs:
        print(f'      {name}: {{ subnet: Public, security_groups: Webs, serves: {{ 80: {{ bytes: 2000 }} }} }}')
    for name in apps:
        print(f"      {name}: {{ subnet: Private, security_groups: Apps }}")
    for name in databases:
        print(f'      {name}: {{ subnet: Private, security_groups: Databases, serves: {{ 5432: {{ bytes: 500 }} }} }}')
    print("internet:")
    for number, name in enumerate(people):
        print(f"  {name}: {{ address: 198.51.100.{number + 1} }}")
    print("  Attacker: { address: 203.0.113.9 }")
    print('  Controller: { address: 192.0.2.9, serves: { 443: { body: ok, certificate: self-signed } } }')
    print("  DropSite: { address: 192.0.2.10, serves: { 80: ok } }")
    print("traffic:")
    print(f"  Visits: {{ kind: clients, from: {names(people)}, to: {names(webs)}, rate: {visits:.0f}/h }}")
    print(f"  Queries: {{ kind: clients, from: {names(apps)}, to: {names(databases)}, port: 5432, rate: {queries:.0f}/h }}")
    print(f"  Checks: {{ kind: health-check, from: {names(balancers)}, to: {names(webs)}, every: {beat:.0f}s }}")
    print(f"  Beacon: {{ kind: beacon, from: {names(apps[:2])}, to: Controller, every: 5m, jitter: 30s }}")
    print(f"  Scan: {{ kind: port-scan, from: Attacker, to: {names(webs[:5])}, ports: 1-1024, rate: 5/s, begin: 30m }}")
    print(f"  Guesses: {{ kind: ssh-brute-force, from: {apps[0]}, to: {webs[0]}, rate: 1/s, begin: 40m, for: 10m }}")
    print(f"  Theft: {{ kind: exfiltration, from: {apps[1]}, to: DropSite, port: 80, bytes: 20MB, begin: 50m }}")
    print("steps:")
    print(f"  - wait: {given.hours}h")


if __name__ == "__main__":
    main()
