{{/*
The objects are files of deploy/ and crds/, which package.sh copies into files/:
here they are read, put into the release's namespace, and changed as values say.
Cluster-scoped names begin with that namespace too.

usage: include "beskar7.file" (list $ "deploy/kustomize/rbac.yaml")
*/}}
{{- define "beskar7.file" -}}
{{- $root := first . -}}
{{- $text := $root.Files.Get (printf "files/%s" (last .)) -}}
{{- if not $text -}}
{{- fail (printf "there is no files/%s: this is the chart's source, deploy/helm/package.sh makes the chart" (last .)) -}}
{{- end -}}
{{- replace "beskar7-system" $root.Release.Namespace $text -}}
{{- end -}}

{{- define "beskar7.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end -}}
