//! The targets of `dualkey.yaml`, each by the settings that its type has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::context::{Context, field};
use super::resources::nearest;
use crate::access::credential;
use crate::access::id::TargetId;
use crate::access::model::Target;
use crate::access::raw;
use crate::access::reading::{Step, UNKNOWN_FIELD, quote};
use crate::access::target_spec::{Need, SettingForm, SettingSpec, Settings, TargetSpec};

/// What names a target's type.
const TYPE: &str = "type";

pub(super) fn target(name: &str, raw: &raw::Target, context: &mut Context<'_>) -> Option<Target> {
    let path = [Step::Key("targets"), Step::Key(name)];
    let id = context.id(TargetId::parse, name, &path)?;
    let named = raw.get(TYPE).map_or(Some(name), Value::as_str).and_then(|name| context.kinds.target_type(name));
    let Some(spec) = named else {
        let names: Vec<&str> = context.kinds.0.iter().map(|spec| spec.name.as_str()).collect();
        let message = format!("the target `{name}` has no type");
        context.schema(&path, message, format!("add `type:` with one of {}", names.join(", ")));
        return None;
    };
    let settings = settings(&id, spec, raw, &path, context)?;
    let stands_for = spec.stands_for.and_then(|setting| context.kinds.target_type(settings.get(setting)?));
    Some(Target {
        target_type: stands_for.unwrap_or(spec).name,
        pinned: (spec.pin)(&id, &settings),
        id,
        spec,
        settings,
    })
}

/// Refuses two targets that are one system, since each would take from the other what it gave, and two real ones that variables
/// of the environment would name alike: what opens one would be sent to the other.
pub(super) fn tell_apart(targets: &BTreeMap<TargetId, Target>, context: &mut Context<'_>) {
    let mut known: BTreeMap<String, &TargetId> = BTreeMap::new();
    for target in targets.values().filter(|target| !target.is_embedded()) {
        let other = known.insert(target.id.variable(), &target.id);
        if let Some(other) = other {
            context.schema(
                &[Step::Key("targets"), Step::Key(target.id.as_str())],
                format!("variables of the environment name the targets `{other}` and `{}` alike", target.id),
                "give one of them a name that differs in letters or digits",
            );
        }
    }
    let mut systems: BTreeMap<String, &TargetId> = BTreeMap::new();
    for target in targets.values() {
        let system = target.spec.system.unwrap_or(target.spec.pin)(&target.id, &target.settings);
        if let Some(other) = systems.insert(system.clone(), &target.id) {
            context.schema(
                &[Step::Key("targets"), Step::Key(target.id.as_str())],
                format!("the targets `{other}` and `{}` are one system: {}", target.id, quote(&system)),
                "declare a system once; resources of several domains may be of one target",
            );
        }
    }
}

/// The settings of a target; None where one of them is wrong or missing.
fn settings(
    id: &TargetId,
    spec: &TargetSpec,
    raw: &raw::Target,
    path: &[Step<'_>],
    context: &mut Context<'_>,
) -> Option<Settings> {
    let (mut settings, mut valid) = (Settings::default(), true);
    for name in raw.keys().filter(|name| *name != TYPE && spec.settings.iter().all(|known| known.name != *name)) {
        let names: Vec<&str> = spec.settings.iter().map(|setting| setting.name).collect();
        let help = match nearest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its settings are {}", names.join(", ")),
        };
        let message = format!("{} is not a setting of a target of type {}", quote(name), spec.name);
        context.report(&UNKNOWN_FIELD, &field(path, name), message, help);
        valid = false;
    }
    for setting in spec.settings {
        let at = field(path, setting.name);
        match raw.get(setting.name) {
            Some(value) => match setting_value(setting, value, context) {
                Ok(value) => settings.insert(setting.name, value),
                Err(Wrong::Credential) => {
                    context.report(
                        &credential::CREDENTIAL_IN_SETTINGS,
                        path,
                        format!("the setting `{}` of `{id}` holds what looks like a credential", setting.name),
                        "take it back where it was made, for whoever reads the repository has it; then give the new one \
                         by the environment: `dualkey targets` names the variables",
                    );
                    valid = false;
                }
                Err(Wrong::Form { shown, why }) => {
                    let message = format!("{} is not {}: {why}", quote(&shown), setting.about);
                    context.schema(&at, message, format!("write {} there", setting.about));
                    valid = false;
                }
            },
            None => match setting.need {
                Need::Optional => {}
                Need::Pins => {
                    context.schema(
                        path,
                        format!("the target `{id}` lacks `{}`, which pins it", setting.name),
                        format!("add `{}:` so that no other {} can stand in its place", setting.name, spec.name),
                    );
                    valid = false;
                }
                Need::Required => {
                    let help = format!("add `{}:` with {}", setting.name, setting.about);
                    context.schema(path, format!("the target `{id}` lacks `{}`", setting.name), help);
                    valid = false;
                }
            },
        }
    }
    valid.then_some(settings)
}

/// What is wrong with the value of a setting.
enum Wrong {
    /// It is kept out of every message.
    Credential,
    Form {
        shown: String,
        why: String,
    },
}

fn setting_value(setting: &SettingSpec, value: &Value, context: &Context<'_>) -> Result<String, Wrong> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if credential::is_one(&text) {
        return Err(Wrong::Credential);
    }
    let wrong = |why: String| Err(Wrong::Form { shown: text.clone(), why });
    match setting.form {
        SettingForm::Text(check) => match check(&text) {
            Ok(()) => Ok(text),
            Err(why) => wrong(why.to_owned()),
        },
        SettingForm::Number { least, most } => match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => Ok(text),
            Some(_) | None => wrong(format!("it is a whole number from {least} to {most}")),
        },
        SettingForm::Type => match context.kinds.real().any(|spec| spec.name.as_str() == text) {
            true => Ok(text),
            false => wrong("no type of target has that name".to_owned()),
        },
    }
}
