//! Instance profiles of instances, and their metadata options.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::super::shorthand::Tree;
use super::{Answer, Call, Failure, Operation, answer, describe as describes, done, op};
use crate::api::{Ec2, ModifyInstanceMetadataOptions};
use crate::ids::{IamInstanceProfileAssociationId, InstanceId};
use crate::model::MetadataOptions;

const PROFILE: &[Param] =
    &[optional("Name", What::Name(NameKind::InstanceProfile)), optional("Arn", What::Text)];
const NEW_PROFILE: Param = required("iam-instance-profile", What::Structure(PROFILE));
/// The profile that an instance is launched with.
pub const IAM_INSTANCE_PROFILE: Param = optional("iam-instance-profile", What::Structure(PROFILE));
const ASSOCIATION: Param = required("association-id", What::Name(NameKind::ProfileAssociation));
const INSTANCE: Param = required("instance-id", What::Name(NameKind::Instance));

const TOKENS: What = What::Choice(&["optional", "required"]);
const ENDPOINT: What = What::Choice(&["enabled", "disabled"]);
const HOPS: What = What::Number { min: 1, max: 64 };
/// The options that an instance is launched with.
pub const METADATA_OPTIONS: Param = optional(
    "metadata-options",
    What::Structure(&[
        optional("HttpTokens", TOKENS),
        optional("HttpPutResponseHopLimit", HOPS),
        optional("HttpEndpoint", ENDPOINT),
    ]),
);

pub const OPERATIONS: &[Operation] = &[
    op(
        "associate-iam-instance-profile",
        "AssociateIamInstanceProfile",
        None,
        &[INSTANCE, NEW_PROFILE],
        |call| {
            let (id, profile) = (call.id::<InstanceId>("instance-id")?, call.profile()?);
            let profile = profile.ok_or_else(|| call.missing())?;
            let id = call.call(|ec2| ec2.associate_iam_instance_profile(id, &profile))?;
            answer([("AssociationId", id.to_string())])
        },
    ),
    describes(
        "describe-iam-instance-profile-associations",
        "DescribeIamInstanceProfileAssociations",
        "IamInstanceProfileAssociations",
        &[optional("association-ids", What::Names(NameKind::ProfileAssociation))],
        |call| {
            let texts: Vec<String> = call.texts("association-ids").map(str::to_owned).collect();
            let ids: Vec<_> = texts.iter().map(|text| call.association(text)).collect::<Result<_, _>>()?;
            let found = call.ec2.describe_iam_instance_profile_associations(&ids);
            let found = found.map_err(|error| call.refused(error))?;
            let view = describe::View::of(call.ec2);
            let elements = found.into_iter().map(|one| describe::profile_association(&view, one)).collect();
            Ok(call.document(elements))
        },
    ),
    op("disassociate-iam-instance-profile", "DisassociateIamInstanceProfile", None, &[ASSOCIATION], |call| {
        let id = call.association(call.text("association-id").expect("a required option is there"))?;
        done(call.call(|ec2| ec2.disassociate_iam_instance_profile(id)))
    }),
    op(
        "modify-instance-metadata-options",
        "ModifyInstanceMetadataOptions",
        None,
        &[
            INSTANCE,
            optional("http-tokens", TOKENS),
            optional("http-put-response-hop-limit", HOPS),
            optional("http-endpoint", ENDPOINT),
        ],
        |call| {
            let change = ModifyInstanceMetadataOptions {
                http_endpoint: call.text("http-endpoint").map(|text| text == "enabled"),
                tokens_required: call.text("http-tokens").map(|text| text == "required"),
                http_put_response_hop_limit: call.value("http-put-response-hop-limit"),
            };
            call.on("instance-id", |ec2, id| ec2.modify_instance_metadata_options(id, change))
        },
    ),
    op(
        "replace-iam-instance-profile-association",
        "ReplaceIamInstanceProfileAssociation",
        None,
        &[ASSOCIATION, NEW_PROFILE],
        replace,
    ),
];

fn replace(call: &mut Call<'_, '_>) -> Answer {
    let id = call.association(call.text("association-id").expect("a required option is there"))?;
    let profile = call.profile()?.ok_or_else(|| call.missing())?;
    let id = call.call(|ec2: &mut Ec2<'_>| ec2.replace_iam_instance_profile_association(id, &profile))?;
    answer([("AssociationId", id.to_string())])
}

impl Call<'_, '_> {
    /// The name of the profile that is given, by its name or by its ARN.
    pub fn profile(&self) -> Result<Option<String>, Failure> {
        let Some(given) = self.structure("iam-instance-profile") else { return Ok(None) };
        match (given.text("Name"), given.text("Arn")) {
            (Some(_), Some(_)) => Err(self.combined()),
            (Some(name), None) => Ok(Some(name.to_owned())),
            (None, Some(arn)) => {
                Ok(Some(arn.rsplit_once("instance-profile/").map_or(arn, |(_, name)| name).to_owned()))
            }
            (None, None) => Err(self.missing()),
        }
    }

    /// The metadata options of a new instance; those of its image where nothing is said.
    pub fn metadata_options(&self) -> MetadataOptions {
        let (given, image) = (self.structure("metadata-options"), MetadataOptions::default());
        let text = |member| given.as_ref().and_then(|given: &Tree| given.text(member));
        let hops = text("HttpPutResponseHopLimit");
        MetadataOptions {
            endpoint_enabled: text("HttpEndpoint").map_or(image.endpoint_enabled, |text| text == "enabled"),
            tokens_required: text("HttpTokens").map_or(image.tokens_required, |text| text == "required"),
            hop_limit: hops
                .map_or(image.hop_limit, |hops| hops.parse().expect("checked when the command was read")),
        }
    }

    /// The association that its id stands for, or the instance that has one.
    fn association(&self, text: &str) -> Result<IamInstanceProfileAssociationId, Failure> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let instance: InstanceId = self.resolve(text, None)?;
        let found = self.model().instances.get(&instance).and_then(|instance| instance.profile.as_ref());
        // EC2 is asked all the same, and says itself that there is none.
        Ok(found.map_or_else(|| IamInstanceProfileAssociationId::derive(&[]), |(id, _)| *id))
    }
}
