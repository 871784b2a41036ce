//! Cuts GitHub's GraphQL schema to the fields that are listed and the types that their arguments name.

use crate::Package;
use apollo_compiler::ast::{Definition, DirectiveList, Document, FieldDefinition, InputValueDefinition};
use apollo_compiler::{Name, Node, Schema};
use std::collections::{BTreeMap, BTreeSet};

type Fields<'a> = BTreeMap<&'a str, Vec<&'a str>>;

fn listed(list: &str) -> Fields<'_> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, fields) = line.split_once(": ").unwrap();
            (name, fields.split(' ').collect())
        })
        .collect()
}

fn bare_arguments(arguments: &mut [Node<InputValueDefinition>], reached: &mut Vec<String>) {
    for argument in arguments {
        let argument = argument.make_mut();
        argument.description = None;
        argument.directives = DirectiveList::default();
        reached.push(argument.ty.inner_named_type().to_string());
    }
}

/// Keeps the listed fields of a type, each once: the published schema has fields of one type twice.
fn keep(fields: &mut Vec<Node<FieldDefinition>>, name: &Name, wanted: &[&str], reached: &mut Vec<String>) {
    let mut once = BTreeSet::new();
    fields.retain(|field| wanted.contains(&field.name.as_str()) && once.insert(field.name.clone()));
    for wanted in wanted {
        assert!(once.iter().any(|field| field == wanted), "the schema has no field `{name}.{wanted}`");
    }
    for field in fields {
        let field = field.make_mut();
        assert!(field.directives.get("deprecated").is_none(), "`{name}.{}` is deprecated", field.name);
        field.description = None;
        field.directives = DirectiveList::default();
        bare_arguments(&mut field.arguments, reached);
        reached.push(field.ty.inner_named_type().to_string());
    }
}

pub fn cut(package: &Package, whole: &str, list: &str) -> String {
    let listed = listed(list);
    let document = Document::parse(whole, "schema.graphql").expect("the schema can't be parsed");
    let mut by_name: BTreeMap<String, Definition> = BTreeMap::new();
    for definition in document.definitions {
        if let Some(name) = definition.name() {
            by_name.insert(name.to_string(), definition.clone());
        }
    }
    let mut open: Vec<String> = listed.keys().map(|name| (*name).to_owned()).collect();
    let mut kept = BTreeMap::new();
    while let Some(name) = open.pop() {
        if kept.contains_key(&name) || ["Int", "Float", "String", "Boolean", "ID"].contains(&name.as_str()) {
            continue;
        }
        let mut definition = by_name.get(&name).unwrap_or_else(|| panic!("the schema has no type `{name}`")).clone();
        let wanted = listed.get(name.as_str());
        let fields = || wanted.unwrap_or_else(|| panic!("a listed field is of the type `{name}`, which isn't listed"));
        match &mut definition {
            Definition::ObjectTypeDefinition(node) => {
                let object = node.make_mut();
                object.description = None;
                object.directives = DirectiveList::default();
                let wanted = fields();
                object.implements_interfaces.retain(|interface| {
                    listed.get(interface.as_str()).is_some_and(|asked| asked.iter().all(|field| wanted.contains(field)))
                });
                keep(&mut object.fields, &object.name, wanted, &mut open);
            }
            Definition::InterfaceTypeDefinition(node) => {
                let interface = node.make_mut();
                interface.description = None;
                interface.directives = DirectiveList::default();
                interface.implements_interfaces.clear();
                keep(&mut interface.fields, &interface.name, fields(), &mut open);
            }
            Definition::UnionTypeDefinition(node) => {
                let union = node.make_mut();
                union.description = None;
                union.directives = DirectiveList::default();
                let wanted = fields();
                union.members.retain(|member| wanted.contains(&member.as_str()));
                assert_eq!(union.members.len(), wanted.len(), "members of `{name}` are missing");
            }
            Definition::EnumTypeDefinition(node) => {
                let values = node.make_mut();
                values.description = None;
                values.directives = DirectiveList::default();
                for value in &mut values.values {
                    let value = value.make_mut();
                    value.description = None;
                    value.directives = DirectiveList::default();
                }
            }
            Definition::InputObjectTypeDefinition(node) => {
                let input = node.make_mut();
                input.description = None;
                input.directives = DirectiveList::default();
                bare_arguments(&mut input.fields, &mut open);
            }
            Definition::ScalarTypeDefinition(node) => {
                let scalar = node.make_mut();
                scalar.description = None;
                scalar.directives = DirectiveList::default();
            }
            other => panic!("`{name}` is no type: {other:?}"),
        }
        kept.insert(name, definition);
    }
    let text: Vec<String> = kept.values().map(|definition| definition.to_string().trim().to_owned()).collect();
    let text = format!(
        "# Cut from schema.graphql of npm {} {} ({}) by the list in fields.txt.\n\n{}\n",
        package.name,
        package.version,
        package.licence,
        text.join("\n\n")
    );
    if let Err(error) = Schema::parse_and_validate(&text, "cut.graphql") {
        panic!("{error}");
    }
    text
}
