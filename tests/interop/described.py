"""What an imitation of EC2 describes is imported, and is the same network.

Usage: described.py VPCLAB

The documents are those of moto, which makes them by itself; nothing of vpclab is in them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from moto import mock_aws

REGION = "eu-west-1"
EVERYBODY = "0.0.0.0/0"


def build(ec2) -> dict[str, str]:
    """A network with something of every kind. Returns the ids that matter."""
    tags = lambda kind, name: [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16", TagSpecifications=tags("vpc", "Shop"))["Vpc"]["VpcId"]
    peer = ec2.create_vpc(CidrBlock="10.61.0.0/16")["Vpc"]["VpcId"]
    ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.62.0.0/16")
    subnet = lambda of, block, name: ec2.create_subnet(
        VpcId=of, CidrBlock=block, AvailabilityZone=f"{REGION}a", TagSpecifications=tags("subnet", name)
    )["Subnet"]["SubnetId"]
    public, private, far = (
        subnet(vpc, "10.60.0.0/24", "public"),
        subnet(vpc, "10.60.1.0/24", "private"),
        subnet(peer, "10.61.0.0/24", "far"),
    )
    igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    pcx = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    table = lambda of, name: ec2.create_route_table(VpcId=of, TagSpecifications=tags("route-table", name))["RouteTable"]["RouteTableId"]
    out, inner, back = table(vpc, "out"), table(vpc, "inner"), table(peer, "back")
    ec2.create_route(RouteTableId=out, DestinationCidrBlock=EVERYBODY, GatewayId=igw)
    ec2.create_route(RouteTableId=inner, DestinationCidrBlock=EVERYBODY, NatGatewayId=nat)
    ec2.create_route(RouteTableId=inner, DestinationCidrBlock="10.61.0.0/16", VpcPeeringConnectionId=pcx)
    ec2.create_route(RouteTableId=back, DestinationCidrBlock="10.60.0.0/16", VpcPeeringConnectionId=pcx)
    for route_table, of in ((out, public), (inner, private), (back, far)):
        ec2.associate_route_table(RouteTableId=route_table, SubnetId=of)
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[inner])
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    for egress in (True, False):
        ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=100, Protocol="-1", RuleAction="allow", Egress=egress, CidrBlock=EVERYBODY
        )
    group = lambda of, name: ec2.create_security_group(VpcId=of, GroupName=name, Description=name)["GroupId"]
    web, data = group(vpc, "web"), group(peer, "data")
    permission = lambda port, **peers: [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peers}]
    ec2.authorize_security_group_ingress(
        GroupId=web, IpPermissions=permission(443, IpRanges=[{"CidrIp": EVERYBODY}]) + permission(22, UserIdGroupPairs=[{"GroupId": web}])
    )
    ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=permission(5432, IpRanges=[{"CidrIp": "10.60.1.0/24"}]))
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    launch = lambda of, groups, name: ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=of, SecurityGroupIds=groups,
        TagSpecifications=tags("instance", name),
    )["Instances"][0]["InstanceId"]
    return {
        "vpc": vpc, "nat": nat, "pcx": pcx, "endpoint": endpoint["VpcEndpoint"]["VpcEndpointId"],
        "front": launch(public, [web], "front"), "worker": launch(private, [web], "worker"), "store": launch(far, [data], "store"),
    }


def collect(ec2, folder: Path) -> None:
    """As docs/collect.sh does. The addresses of NAT gateways are moto's, which are of no subnet and not public."""
    nat = ec2.describe_nat_gateways()["NatGateways"][0]["NatGatewayAddresses"][0]
    settled = {nat["PrivateIp"]: "10.60.0.250", nat["PublicIp"]: "198.51.100.60"}
    for file, operation in {
        "Vpcs": "describe_vpcs", "Subnets": "describe_subnets", "RouteTables": "describe_route_tables",
        "SecurityGroups": "describe_security_groups", "NetworkAcls": "describe_network_acls",
        "NetworkInterfaces": "describe_network_interfaces", "Reservations": "describe_instances",
        "InternetGateways": "describe_internet_gateways", "NatGateways": "describe_nat_gateways",
        "Addresses": "describe_addresses", "VpcPeeringConnections": "describe_vpc_peering_connections",
        "VpcEndpoints": "describe_vpc_endpoints",
    }.items():
        text = json.dumps(getattr(ec2, operation)(), default=str)
        for found, wanted in settled.items():
            text = text.replace(f'"{found}"', f'"{wanted}"')
        (folder / f"{file}.json").write_text(text)


def check(vpclab: Path) -> list[str]:
    complaints = []
    with mock_aws(), tempfile.TemporaryDirectory(prefix="vpclab-described-") as temporary:
        ec2 = boto3.client("ec2", region_name=REGION)
        ids = build(ec2)
        folder = Path(temporary)
        collect(ec2, folder)
        call = lambda *arguments: subprocess.run([str(vpclab), *arguments], capture_output=True, text=True)
        done = call("import", str(folder))
        complaints += [f"`vpclab import` missed {kind} {id}" for kind, id in ids.items() if id not in done.stdout]
        if "packets may find out" in done.stderr:
            complaints.append(done.stderr)
        asked = {
            ("worker", "store:5432"): "both ways are open, and nothing listens there",
            ("front", "store:5432"): "the request is dropped",
            ("worker", "front:22"): "both ways are open",
            ("worker", "8.8.8.8:53"): "both ways are open",
        }
        for (sender, target), expected in asked.items():
            done = call("explain", str(folder), "--from", sender, "--to", target, "--format", "json")
            verdict = json.loads(done.stdout)["steps"][0]["verdict"] if done.stdout else done.stderr
            if verdict != expected:
                complaints.append(f"{sender} to {target}: expected `{expected}`, found `{verdict}`")
    return complaints


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    complaints = check(Path(sys.argv[1]).resolve())
    print("\n".join(complaints) or "what moto describes is imported as it is")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
