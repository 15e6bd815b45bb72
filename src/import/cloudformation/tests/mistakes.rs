//! Templates that cannot be read, and those that cost too much.

use super::troubles;

#[test]
fn what_is_wrong_is_said_where() {
    let net = "Resources:\n  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}\n";
    for (text, expected) in [
        ("a: [", vec!["line 1, column 4: this is neither YAML nor JSON: "]),
        ("{\"a\": }", vec!["line 1, column 7: this is not JSON: expected value"]),
        ("{\"Resources\": {\"A\": 1, \"A\": 2}}", vec!["line 1, column 24: the key `A` is given twice"]),
        ("a: 1\na: 2", vec!["line 2, column 1: the key `a` is given twice"]),
        (
            "a: 1",
            vec![
                ": there are no `Resources` (a CloudFormation template has a section `Resources`; is this another kind of file?)",
            ],
        ),
        ("- 1", vec![": this is not a template (a template is a map with `Resources`)"]),
        ("Resources: {A: {Properties: {}}}", vec!["Resources.A: this resource has no `Type`"]),
        (
            &format!("{net}  Sub: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Nett}}}}"),
            vec![
                "Resources.Sub.Properties.VpcId: `Nett` is neither a parameter nor a resource of this template (did you mean `Net`?)",
            ],
        ),
        (
            &format!(
                "{net}  Sub: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !GetAtt Net.VpcID, CidrBlock: !Foo x}}}}"
            ),
            vec![
                "Resources.Sub.Properties.VpcId: `VpcID` is no attribute of AWS::EC2::VPC (did you mean `VpcId`?)",
                "Resources.Sub.Properties.CidrBlock: there is no function `Fn::Foo`",
            ],
        ),
        (
            &format!(
                "{net}  Sub: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Net, CidrBlock: 10.0.0.0, MapPublicIpOnLaunch: maybe}}}}"
            ),
            vec![
                "Resources.Sub.Properties.CidrBlock: `10.0.0.0` is not a block of IPv4, such as 10.0.0.0/16",
            ],
        ),
        (
            "Conditions: {A: !Condition B, B: !Not [!Condition A]}\nResources: {N: {Type: AWS::EC2::VPC, Condition: A}}",
            vec!["Conditions.B: this leads in a circle: `Conditions.A` needs `Conditions.B` needs itself"],
        ),
        (
            "Resources: {N: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !GetAtt N.CidrBlock}}}",
            vec![
                "Resources.N.Properties.CidrBlock: this leads in a circle: `Resources.N.Properties.CidrBlock` needs itself",
                "Resources.N: resources need each other in a circle: `N` needs `N`",
            ],
        ),
        (
            "Resources: {A: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref B}}, B: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Sub 'x${A}'}}}",
            vec!["Resources.A: resources need each other in a circle: `A` needs `B` needs `A`"],
        ),
    ] {
        let found = troubles(text, &[]);
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.starts_with(expected), "{text}\n{found}\n{expected}");
        }
    }
}

#[test]
fn what_costs_too_much_is_refused() {
    let bomb: String = (1..40).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1)).collect();
    assert_eq!(troubles(&format!("a0: &a0 [x, x]\n{bomb}"), &[]).len(), 1);
    let deep = format!("a: {}", "[".repeat(100) + &"]".repeat(100));
    assert_eq!(troubles(&deep, &[]), ["line 1, column 67: lists and maps are nested deeper than 64 levels"]);
    let doubling: String = (1..60)
        .map(|at| {
            format!(
                "  N{at}: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: !Sub '${{N{0}.CidrBlock}}${{N{0}.CidrBlock}}'}}}}\n",
                at - 1
            )
        })
        .collect();
    let text = format!("Resources:\n  N0: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 1}}}}\n{doubling}");
    assert!(troubles(&text, &[]).iter().any(|line| line.contains("too many or lead too deep")));
    let chain: String = (1..2000).map(|at| format!("  C{at}: !Not [!Condition C{}]\n", at - 1)).collect();
    let text = format!(
        "Conditions:\n  C0: !Equals [a, a]\n{chain}Resources: {{N: {{Type: AWS::EC2::VPC, Condition: C1999}}}}"
    );
    assert!(troubles(&text, &[]).iter().any(|line| line.contains("too many or lead too deep")));
}
