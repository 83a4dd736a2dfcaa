//! A procedural macro.

use ink::Ink;
use proc_macro::TokenStream;

/// The number of tokens, one for each width of the nib.
#[proc_macro]
pub fn count(input: TokenStream) -> TokenStream {
    let Ink(count) = Ink(input.into_iter().count() as u32 / nib::width());
    u8::try_from(count).unwrap_or(u8::MAX).to_string().parse().unwrap_or_default()
}
