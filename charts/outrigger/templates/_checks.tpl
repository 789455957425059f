{{/* What no schema can say, refused with what to do. Every release renders it, by way of the control plane's Deployment. */}}
{{- define "outrigger.checks" -}}
{{- /* Helm asks kubeVersion of the outermost chart alone: as somebody's subchart we are not asked. */ -}}
{{- if semverCompare "<1.29.0-0" .Capabilities.KubeVersion.Version -}}
{{- fail (printf "Outrigger needs Kubernetes 1.29 or newer, since it runs as a native sidecar; this cluster is %s. Upgrade the cluster, or run the sidecar by hand as the README says." .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and .Values.injector.enabled .Values.injector.bootstrapSecrets.enabled (semverCompare "<1.30.0-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "injector.bootstrapSecrets.enabled needs Kubernetes 1.30 or newer, where a ValidatingAdmissionPolicy keeps others from saying which keys are mounted; this cluster is %s. Upgrade the cluster, or leave it out." .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if .Values.certManager.enabled -}}
{{- range $name := list "controlPlane" "injector" "ledger" -}}
{{- if (index $.Values $name).tlsSecret -}}
{{- fail (printf "certManager.enabled and %s.tlsSecret name two certificates for one server: leave one of them out." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ledger.enabled (eq .Values.ledger.store "PostgreSQL") (not .Values.ledger.postgresql.secret) -}}
{{- fail "ledger.postgresql.secret is missing: a ledger in PostgreSQL needs the Secret with the database's URL, postgres://USER:PASSWORD@HOST/DATABASE." -}}
{{- end -}}
{{- range $namespace, $names := .Values.secrets.named -}}
{{- if has $namespace $.Values.secrets.namespaces -}}
{{- fail (printf "secrets.named.%s narrows nothing, since secrets.namespaces lists %s with all of its Secrets: leave one of them out." $namespace $namespace) -}}
{{- end -}}
{{- if not $names -}}
{{- fail (printf "secrets.named.%s names no Secret: an empty list in a role would mean all of them." $namespace) -}}
{{- end -}}
{{- end -}}
{{- range $namespace, $names := .Values.configMaps.named -}}
{{- if has $namespace $.Values.configMaps.namespaces -}}
{{- fail (printf "configMaps.named.%s narrows nothing, since configMaps.namespaces lists %s with all of its ConfigMaps: leave one of them out." $namespace $namespace) -}}
{{- end -}}
{{- if not $names -}}
{{- fail (printf "configMaps.named.%s names no ConfigMap: an empty list in a role would mean all of them." $namespace) -}}
{{- end -}}
{{- end -}}
{{- end }}
