/* `beskar7-sim kube`: the stand-in as a process, with TLS and a kubeconfig. */
#ifndef B7_SIM_KUBE_MAIN_H
#define B7_SIM_KUBE_MAIN_H

/* argv[0] is the subcommand's name. Returns the exit status. */
int kube_main(int argc, char **argv);

#endif
