/*
 * The checks of Cluster API's contract for infrastructure providers, by their
 * numbers. Each group is a table of one file; contract.c runs them and tells
 * "number, result, reason". A check that cannot be seen here, as a whole or in
 * part, says why.
 */
#ifndef B7_CONFORMANCE_CONTRACT_H
#define B7_CONFORMANCE_CONTRACT_H

struct contract_check {
	unsigned number;
	/* M: of the contract; S: it should be so, or clusterctl and
	 * ClusterClass need it; Q: quality that follows from it */
	char level;
	const char *what;
	void (*fn)(void); /* NULL: nothing of it can be seen here */
	const char *skip; /* what is not seen, and why; NULL: all is */
};

/* Each ends with number 0. */
extern const struct contract_check contract_packaging[], contract_install[],
    contract_clone[], contract_owner[], contract_gates[], contract_machine[],
    contract_cluster[], contract_conditions[], contract_pause[],
    contract_external[], contract_deletion[], contract_races[],
    contract_apply[], contract_metadata[], contract_move[], contract_manager[];

#define CONTRACT_CHECKS 95

#endif
