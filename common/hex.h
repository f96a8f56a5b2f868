/* One hex digit; whole texts: hex_encode and hex_decode of str.h. */
#ifndef B7_HEX_H
#define B7_HEX_H

/* 0 to 15; -1 for what is no hex digit. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
