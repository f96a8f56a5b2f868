/* What bootstrap Secrets hold where a scenario does not say it. */
#ifndef B7_RUNNER_PAYLOAD_H
#define B7_RUNNER_PAYLOAD_H

#define PLAY_MARKER "B7-MARKER-bootstrap-0d9f1c77"
/* As a bootstrap provider writes it: a template, by which the machine gives its
 * node the providerID. */
#define PLAY_DATA \
	"## template: jinja\n#cloud-config\n### " PLAY_MARKER "\n" \
	"write_files:\n- path: /run/kubeadm/kubeadm-join-config.yaml\n" \
	"  content: |\n" \
	"    apiVersion: kubeadm.k8s.io/v1beta3\n" \
	"    kind: JoinConfiguration\n" \
	"    nodeRegistration:\n" \
	"      name: '{{ ds.meta_data.local_hostname }}'\n" \
	"      kubeletExtraArgs:\n" \
	"        provider-id: '{{ ds.meta_data.provider_id }}'\n" \
	"runcmd:\n" \
	"- kubeadm join --config /run/kubeadm/kubeadm-join-config.yaml\n"

#endif
