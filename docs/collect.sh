#!/usr/bin/env bash
# Collects what describes the networks of an account in a region, for `vpclab import`.
#
#   AWS_REGION=eu-west-1 docs/collect.sh FOLDER
#
# Needs the AWS CLI and the permission to describe (the managed policy AmazonVPCReadOnlyAccess does for most of it). Prints
# what could not be collected, and goes on.
set -uo pipefail

if (($# != 1)); then
    sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//'
    exit 2
fi
folder=$1
mkdir -p "$folder"
missing=0

# Writes what a command prints to a file; a command that fails leaves none behind.
collect() {
    local file=$folder/$1.json
    shift
    if aws "$@" --output json >"$file.part" 2>"$file.error"; then
        mv "$file.part" "$file"
    else
        echo "not collected: aws $*: $(tail -n 1 "$file.error")" >&2
        missing=1
    fi
    rm -f "$file.part" "$file.error"
}

# The ids that a command lists.
ids() {
    aws "$@" --output text 2>/dev/null | tr '\t' '\n' | grep -v '^None$'
}

collect Vpcs ec2 describe-vpcs
collect Subnets ec2 describe-subnets
collect RouteTables ec2 describe-route-tables
collect SecurityGroups ec2 describe-security-groups
collect NetworkAcls ec2 describe-network-acls
collect NetworkInterfaces ec2 describe-network-interfaces
collect Reservations ec2 describe-instances
collect InternetGateways ec2 describe-internet-gateways
collect NatGateways ec2 describe-nat-gateways
collect Addresses ec2 describe-addresses
collect VpcPeeringConnections ec2 describe-vpc-peering-connections
collect VpcEndpoints ec2 describe-vpc-endpoints
collect PrefixLists ec2 describe-prefix-lists
collect ManagedPrefixLists ec2 describe-managed-prefix-lists
collect VpnGateways ec2 describe-vpn-gateways
collect CustomerGateways ec2 describe-customer-gateways
collect VpnConnections ec2 describe-vpn-connections
collect FlowLogs ec2 describe-flow-logs
collect TransitGateways ec2 describe-transit-gateways
collect TransitGatewayAttachments ec2 describe-transit-gateway-attachments
collect TransitGatewayVpcAttachments ec2 describe-transit-gateway-vpc-attachments
collect TransitGatewayPeeringAttachments ec2 describe-transit-gateway-peering-attachments
collect TransitGatewayRouteTables ec2 describe-transit-gateway-route-tables
collect LoadBalancers elbv2 describe-load-balancers

for vpc in $(ids ec2 describe-vpcs --query 'Vpcs[].VpcId'); do
    for attribute in enableDnsSupport enableDnsHostnames; do
        collect "$vpc.$attribute" ec2 describe-vpc-attribute --vpc-id "$vpc" --attribute "$attribute"
    done
done
for list in $(ids ec2 describe-managed-prefix-lists --query 'PrefixLists[].PrefixListId'); do
    collect "$list.entries" ec2 get-managed-prefix-list-entries --prefix-list-id "$list"
done
# These are not named in what the commands print: the names of the files say it.
for table in $(ids ec2 describe-transit-gateway-route-tables --query 'TransitGatewayRouteTables[].TransitGatewayRouteTableId'); do
    collect "$table.associations" ec2 get-transit-gateway-route-table-associations --transit-gateway-route-table-id "$table"
    collect "$table.propagations" ec2 get-transit-gateway-route-table-propagations --transit-gateway-route-table-id "$table"
    collect "$table.routes" ec2 search-transit-gateway-routes --transit-gateway-route-table-id "$table" \
        --filters Name=state,Values=active,blackhole
done
exit "$missing"
