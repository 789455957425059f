{{/*
What the pods of all programs have in common. Each program says the rest in its own template.
Argument: dict "root" $ "component" "injector" "values" .Values.injector.
*/}}
{{- define "outrigger.deployment.spec" -}}
replicas: {{ .values.replicas }}
revisionHistoryLimit: 3
selector:
  matchLabels:
    {{- include "outrigger.selector" . | nindent 4 }}
strategy:
  type: RollingUpdate
  # Whoever is asked must not be fewer during an upgrade than before it.
  rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
{{- end }}

{{- define "outrigger.pod.metadata" -}}
{{- $labels := include "outrigger.labels" . | fromYaml -}}
labels:
  {{- merge $labels .values.podLabels | toYaml | nindent 2 }}
{{- with merge (dict) .values.podAnnotations .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "outrigger.pod.spec" -}}
serviceAccountName: outrigger-{{ .component }}
automountServiceAccountToken: true
# Kubernetes would set variables named OUTRIGGER_..., which the programs read.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ quote . }}
{{- end }}
securityContext:
  {{- include "outrigger.securityContext.pod" . | nindent 2 }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $spread := .values.topologySpread }}
{{- if or $spread.zone $spread.node }}
topologySpreadConstraints:
  {{- range $key, $when := dict "topology.kubernetes.io/zone" $spread.zone "kubernetes.io/hostname" $spread.node }}
  {{- if $when }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: {{ $when }}
    labelSelector:
      matchLabels:
        {{- include "outrigger.selector" $ | nindent 8 }}
    # A new version is spread by itself, not around the old one.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The level "restricted" of the Pod Security Standards, and more: no value loosens it. */}}
{{- define "outrigger.securityContext.pod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}
{{- define "outrigger.securityContext.container" -}}
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "outrigger.container" -}}
securityContext:
  {{- include "outrigger.securityContext.container" . | nindent 2 }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
# A start may take as long as an API server needs to list everything; after it, a program that hangs is started again.
startupProbe:
  httpGet: {path: /livez, port: probes}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: probes}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: probes}
  periodSeconds: 3
  timeoutSeconds: 3
{{- end }}

{{- define "outrigger.env" -}}
- name: OUTRIGGER_SYSTEM_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: OUTRIGGER_LOG_FORMAT
  value: {{ .values.log.format }}
{{- with .values.log.level }}
- name: OUTRIGGER_LOG
  value: {{ quote . }}
{{- end }}
{{- end }}
