//! The policies that the page beside the code lists are enough, and no more than is needed.

use super::*;
