{{/* Metadata of a kind, but for its name: where it comes from, and whether Helm may ever delete it. */}}
{{- define "outrigger-crds.metadata" -}}
{{- $labels := dict "app.kubernetes.io/name" "outrigger" "app.kubernetes.io/component" "crds" "app.kubernetes.io/part-of" "outrigger" }}
{{- $_ := set $labels "app.kubernetes.io/instance" .Release.Name }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .Release.Service }}
{{- $_ := set $labels "app.kubernetes.io/version" (.Chart.AppVersion | toString) }}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_")) -}}
labels:
  {{- merge $labels .Values.commonLabels | toYaml | nindent 2 }}
{{- $annotations := merge (dict) .Values.commonAnnotations }}
{{- if .Values.keep }}{{ $_ := set $annotations "helm.sh/resource-policy" "keep" }}{{ end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
