{{/*
Names are fixed and not made of the release's: sidecars, certificates and rights all name them, and there is one injector in
a cluster. A second release is refused by Helm at the cluster-scoped ones.
*/}}
{{- define "outrigger.chart" -}}
{{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* What selects pods; a Deployment can never change it. Argument: dict "root" $ "component" "injector". */}}
{{- define "outrigger.selector" -}}
app.kubernetes.io/name: outrigger
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "outrigger.labels" -}}
{{- /* Ours come last in a merge, so that nobody's own labels change what is selected. */ -}}
{{- $own := include "outrigger.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" (.root.Chart.AppVersion | toString) -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "outrigger" -}}
{{- $_ := set $own "helm.sh/chart" (include "outrigger.chart" .root) -}}
{{- merge $own (.more | default dict) .root.Values.commonLabels | toYaml -}}
{{- end }}

{{/* Metadata of an object, but for its name. Argument: the same, and "annotations" and "more" labels of the object's own. */}}
{{- define "outrigger.metadata" -}}
labels:
  {{- include "outrigger.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* An image as a pod names it. Argument: dict "root" $ "image" .Values.controlPlane.image. */}}
{{- define "outrigger.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.imageRegistry }}{{ $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}{{ end -}}
{{- if .image.digest -}}
{{ $repository }}@{{ .image.digest }}
{{- else -}}
{{ $repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Where sidecars find the control plane. */}}
{{- define "outrigger.controlPlane" -}}
https://outrigger-control-plane.{{ .Release.Namespace }}.svc:4119
{{- end }}

{{/* Where they find the ledger. */}}
{{- define "outrigger.ledger" -}}
https://outrigger-ledger.{{ .Release.Namespace }}.svc:4122
{{- end }}

{{/* An address to listen on: "0.0.0.0:4119" or "[::]:4119". Argument: dict "root" $ "port" 4119. */}}
{{- define "outrigger.listen" -}}
{{- if contains ":" .root.Values.listenAddress }}[{{ .root.Values.listenAddress }}]{{ else }}{{ .root.Values.listenAddress }}{{ end }}:{{ .port }}
{{- end }}

{{/* The Secret with the certificate of a component that does not make its own; empty: it does. */}}
{{- define "outrigger.controlPlane.tlsSecret" -}}
{{- if .Values.certManager.enabled }}outrigger-control-plane-tls{{ else }}{{ .Values.controlPlane.tlsSecret }}{{ end -}}
{{- end }}
{{- define "outrigger.injector.tlsSecret" -}}
{{- if .Values.certManager.enabled }}outrigger-injector-tls{{ else }}{{ .Values.injector.tlsSecret }}{{ end -}}
{{- end }}
{{- define "outrigger.ledger.tlsSecret" -}}
{{- if .Values.certManager.enabled }}outrigger-ledger-tls{{ else }}{{ .Values.ledger.tlsSecret }}{{ end -}}
{{- end }}

{{/* Namespaces whose pods the injector is never asked about: its own failure must not keep a cluster from starting. */}}
{{- define "outrigger.namespaces.never" -}}
{{- $never := list "kube-system" "kube-node-lease" "kube-public" "cert-manager" .Release.Namespace -}}
{{- concat $never .Values.injector.excludedNamespaces | uniq | toJson -}}
{{- end }}
