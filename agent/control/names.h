/* The names of our API: group, finalizers, labels, annotations (API.md). */
#ifndef B7_CONTROL_NAMES_H
#define B7_CONTROL_NAMES_H

#define AX "infrastructure.cluster.x-k8s.io"
#define AX_VERSION "v1beta2"
#define AX_API AX "/" AX_VERSION
#define CAPI_GROUP "cluster.x-k8s.io"
#define CAPI_VERSION "v1beta2"

#define KIND_HOST "PhysicalHost"
#define KIND_MACHINE "Beskar7Machine"
#define KIND_CLUSTER "Beskar7Cluster"
#define KIND_REMEDIATION "Beskar7Remediation"
#define KIND_TEMPLATE "Beskar7MachineTemplate"

#define FINALIZER_HOST "physicalhost." AX
#define FINALIZER_SECRET "physicalhost." AX "/credentials"
#define FINALIZER_MACHINE "beskar7machine." AX
#define FINALIZER_CLUSTER "beskar7cluster." AX
#define FINALIZER_REMEDIATION "beskar7remediation." AX

#define ANN_RECORD AX "/host-record"
#define ANN_CLAIM_ID AX "/claim-id"
/* When the machine's node registered: told to a host that another replica drives. */
#define ANN_NODE_SINCE AX "/node-since"
/* What the machine said once it was up: phoned.h. */
#define ANN_REPORT AX "/report"
#define ANN_REBOOT AX "/reboot"
#define ANN_RETRY AX "/retry"
#define ANN_INSPECT AX "/inspect"
#define ANN_FORCE_RELEASE AX "/force-release"
#define ANN_ACCEPT_IDENTITY AX "/accept-identity"
#define ANN_ACCEPT_CERT AX "/accept-certificate"
#define ANN_CONFIRM AX "/confirm-provisioned"
#define ANN_ADOPT AX "/adopt" /* name of the Beskar7Machine */
/* Of a Beskar7Remediation to a host: "TYPE CLAIMID ID", heal.h. */
#define ANN_REMEDIATE AX "/remediate"
#define ANN_REMEDIATION_ID AX "/remediation-id"

#define ANN_PAUSED CAPI_GROUP "/paused"
#define ANN_MANAGED_BY CAPI_GROUP "/managed-by"
#define ANN_DELETE_FOR_MOVE "clusterctl.cluster.x-k8s.io/delete-for-move"
#define ANN_BLOCK_MOVE "clusterctl.cluster.x-k8s.io/block-move"
/* On Secrets: clusterctl moves them with the rest. */
#define LABEL_MOVE "clusterctl.cluster.x-k8s.io/move"
#define LABEL_WATCH CAPI_GROUP "/watch-filter"
#define LABEL_CLUSTER_NAME CAPI_GROUP "/cluster-name"
#define LABEL_CONTROL_PLANE CAPI_GROUP "/control-plane"
#define LABEL_ZONE "topology.kubernetes.io/zone"

#endif
