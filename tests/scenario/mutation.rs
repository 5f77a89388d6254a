//! Every message cut at each octet and with each octet changed, before and after the genuine one, in every state.
