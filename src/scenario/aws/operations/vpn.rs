//! Virtual private gateways and VPN connections. Customer gateways come with the networks behind them
//! from the scenario file.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Operation, TAGS, VPC, answer, describe as describes, done, op};
use crate::api::{CreateVpnConnection, Ec2};
use crate::model::VpnEnd;

const GATEWAY: Param = required("vpn-gateway-id", What::Name(NameKind::VpnGateway));
const CONNECTION: Param = required("vpn-connection-id", What::Name(NameKind::VpnConnection));
const TYPE: Param = required("type", What::Choice(&["ipsec.1"]));
const ROUTE: &[Param] = &[CONNECTION, required("destination-cidr-block", What::Cidr)];
/// Routes are static: BGP is not simulated.
const OPTIONS: &[Param] = &[optional("StaticRoutesOnly", What::Choice(&["true"]))];

pub const OPERATIONS: &[Operation] = &[
    op("attach-vpn-gateway", "AttachVpnGateway", None, &[GATEWAY, VPC], |call| {
        let (gateway, vpc) = (call.id("vpn-gateway-id")?, call.id("vpc-id")?);
        done(call.call(|ec2| ec2.attach_vpn_gateway(gateway, vpc)))
    }),
    op(
        "create-vpn-connection",
        "CreateVpnConnection",
        Some(NameKind::VpnConnection),
        &[
            TYPE,
            required("customer-gateway-id", What::Name(NameKind::CustomerGateway)),
            optional("vpn-gateway-id", What::Name(NameKind::VpnGateway)),
            optional("transit-gateway-id", What::Name(NameKind::TransitGateway)),
            optional("options", What::Structure(OPTIONS)),
            TAGS,
        ],
        |call| {
            let ends = (call.optional_id("vpn-gateway-id")?, call.optional_id("transit-gateway-id")?);
            let end = match ends {
                (Some(gateway), None) => VpnEnd::VpnGateway(gateway),
                (None, Some(gateway)) => VpnEnd::TransitGateway(gateway),
                (None, None) => return Err(call.missing()),
                (Some(_), Some(_)) => return Err(call.combined()),
            };
            let customer_gateway_id = call.id("customer-gateway-id")?;
            let request =
                CreateVpnConnection { new: call.naming(), customer_gateway_id, end, attachment_id: None };
            let id = call.call(|ec2| ec2.create_vpn_connection(request))?;
            answer([("VpnConnectionId", id.to_string())])
        },
    ),
    op("create-vpn-connection-route", "CreateVpnConnectionRoute", None, ROUTE, |call| {
        let block = call.cidr("destination-cidr-block");
        call.on("vpn-connection-id", |ec2, id| ec2.create_vpn_connection_route(id, block))
    }),
    op("create-vpn-gateway", "CreateVpnGateway", Some(NameKind::VpnGateway), &[TYPE, TAGS], |call| {
        let new = call.naming();
        let id = call.call(|ec2| ec2.create_vpn_gateway(new))?;
        answer([("VpnGatewayId", id.to_string())])
    }),
    op("delete-vpn-connection", "DeleteVpnConnection", None, &[CONNECTION], |call| {
        call.on("vpn-connection-id", |ec2, id| ec2.delete_vpn_connection(id))
    }),
    op("delete-vpn-connection-route", "DeleteVpnConnectionRoute", None, ROUTE, |call| {
        let block = call.cidr("destination-cidr-block");
        call.on("vpn-connection-id", |ec2, id| ec2.delete_vpn_connection_route(id, block))
    }),
    op("delete-vpn-gateway", "DeleteVpnGateway", None, &[GATEWAY], |call| {
        call.on("vpn-gateway-id", |ec2, id| ec2.delete_vpn_gateway(id))
    }),
    describes(
        "describe-customer-gateways",
        "DescribeCustomerGateways",
        "CustomerGateways",
        &[optional("customer-gateway-ids", What::Names(NameKind::CustomerGateway))],
        |call| call.show("customer-gateway-ids", Ec2::describe_customer_gateways, describe::customer_gateway),
    ),
    describes(
        "describe-vpn-connections",
        "DescribeVpnConnections",
        "VpnConnections",
        &[optional("vpn-connection-ids", What::Names(NameKind::VpnConnection))],
        |call| call.show("vpn-connection-ids", Ec2::describe_vpn_connections, describe::vpn_connection),
    ),
    describes(
        "describe-vpn-gateways",
        "DescribeVpnGateways",
        "VpnGateways",
        &[optional("vpn-gateway-ids", What::Names(NameKind::VpnGateway))],
        |call| call.show("vpn-gateway-ids", Ec2::describe_vpn_gateways, describe::vpn_gateway),
    ),
    op("detach-vpn-gateway", "DetachVpnGateway", None, &[GATEWAY, VPC], |call| {
        let (gateway, vpc) = (call.id("vpn-gateway-id")?, call.id("vpc-id")?);
        done(call.call(|ec2| ec2.detach_vpn_gateway(gateway, vpc)))
    }),
];
