//! The forge that holds the access repository: its pull requests, what is said below them, and its settings. Targets are
//! another matter, though GitHub may be both.

#[cfg(feature = "github")]
pub mod author;
#[cfg(feature = "github")]
pub mod checks;
#[cfg(feature = "github")]
pub mod comment;
#[cfg(feature = "github")]
pub mod connection;
#[cfg(feature = "github")]
pub mod dispatch;
#[cfg(feature = "github")]
pub mod evidence;
#[cfg(feature = "github")]
pub mod issue;
pub mod marker;
#[cfg(feature = "github")]
pub mod pulls;
#[cfg(feature = "github")]
pub mod settings;
pub mod texts;

use crate::finding::{Code, Refusal};

/// The variables that may hold the token for the forge. The first that is set counts.
pub const TOKENS: [&str; 2] = ["DUALKEY_FORGE_TOKEN", "GITHUB_TOKEN"];

/// The variable in which a workflow is told where GitHub's REST interface is.
pub const API_URL: &str = "GITHUB_API_URL";

/// The codes of this room.
pub const CODES: [&Code; 4] = [&FORGE_TOKEN_MISSING, &API_HOST_NOT_ALLOWED, &FORGE_NOT_TOLD, &PULL_REQUEST_MISSING];

pub static FORGE_TOKEN_MISSING: Code = Code {
    id: "forge-token-missing",
    title: "there is no token for the forge",
    why: "Pull requests and reviews of a private repository are told only to who may see them. The token comes from the \
          environment and stands in no file.",
    example: "",
    instead: "Set DUALKEY_FORGE_TOKEN, or GITHUB_TOKEN in a workflow, to a token that may read contents and pull requests \
              of the access repository.",
};

pub static API_HOST_NOT_ALLOWED: Code = Code {
    id: "api-host-not-allowed",
    title: "the environment doesn't name the forge that dualkey.yaml pins",
    why: "Whoever may set a variable could let another server say who approved what, and whoever can write `dualkey.yaml` \
          could have the token sent to a server of their own. So the address stands in `dualkey.yaml`, and to any other \
          than github.com a token goes only where GITHUB_API_URL names it, too. Workflows of GitHub set that by themselves.",
    example: "",
    instead: "Set GITHUB_API_URL to the address that `approval.repository.api` names, or unset it for github.com; another \
              forge is named there by a change of its own.",
};

pub static FORGE_NOT_TOLD: Code = Code {
    id: "forge-not-told",
    title: "the workflows on the forge were not told of a signature",
    why: "A signed approval is a ref, and a ref starts no workflow. So `dualkey approve` tells the forge of it, where the \
          environment holds a token; without that the check on the head changes only with the next scheduled run.",
    example: "",
    instead: "Give DUALKEY_FORGE_TOKEN the permission `contents=write` on the access repository, or start the workflow \
              `dualkey-review` by hand. The signature stands.",
};

pub static PULL_REQUEST_MISSING: Code = Code {
    id: "pull-request-missing",
    title: "no open pull request has this head",
    why: "A plan is put only below the pull request whose head it is of: below another one somebody would approve what they \
          weren't shown.",
    example: "",
    instead: "Open a pull request onto the protected branch, or look at the head that it has now. Where several have the same \
              head, name one with `--pull N`.",
};

/// The token for the forge.
///
/// # Errors
///
/// `forge-token-missing` where no variable holds one.
pub fn token(variables: &dyn Fn(&str) -> Option<String>) -> Result<String, Refusal> {
    let found = TOKENS.iter().find_map(|name| variables(name).map(|token| token.trim().to_owned()));
    found.filter(|token| !token.is_empty()).ok_or_else(|| {
        Refusal::new(
            &FORGE_TOKEN_MISSING,
            format!("there is nothing to ask the forge with: neither {} is set", TOKENS.join(" nor ")),
            "set DUALKEY_FORGE_TOKEN to a token that may read contents and pull requests of the access repository",
        )
    })
}
