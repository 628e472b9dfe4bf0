/* Prints its tree's root model and powers off with status 0. */
#include "bare.h"

void guest_main(const u8 *tree)
{
	text("hello from ");
	hex((u64)tree);
	text(" magic ");
	hex(be32(tree));
	put('\n');
	power_off(tree, 0);
}
