package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// manifest is as much of Kubernetes's objects as deploy/kubernetes uses. What is
// not here does not parse, so that a slip of the pen doesn't become a default.
//
// https://kubernetes.io/docs/reference/kubernetes-api/
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
	Spec       spec
}

type metadata struct {
	Name                string
	Labels, Annotations map[string]string
}

// spec is that of every kind that there is.
type spec struct {
	Replicas int
	Strategy struct {
		Type          string
		RollingUpdate struct {
			MaxSurge       any `yaml:"maxSurge"`
			MaxUnavailable any `yaml:"maxUnavailable"`
		} `yaml:"rollingUpdate"`
	}
	Selector struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
		Name        string            `yaml:"app.kubernetes.io/name"` // of a service
		Component   string            `yaml:"app.kubernetes.io/component"`
	}
	Template struct {
		Metadata metadata
		Spec     pod
	}
	Ports []struct {
		Name       string
		Port       int
		TargetPort string `yaml:"targetPort"`
	}
	MaxUnavailable any `yaml:"maxUnavailable"`

	ScaleTargetRef struct {
		APIVersion string `yaml:"apiVersion"`
		Kind, Name string
	} `yaml:"scaleTargetRef"`
	MinReplicas int `yaml:"minReplicas"`
	MaxReplicas int `yaml:"maxReplicas"`
	Metrics     []struct {
		Type     string
		External struct {
			Metric struct{ Name string }
			Target struct {
				Type         string
				AverageValue string `yaml:"averageValue"`
			}
		}
	}
	Behavior map[string]struct {
		StabilizationWindowSeconds int `yaml:"stabilizationWindowSeconds"`
		Policies                   []struct {
			Type          string
			Value         int
			PeriodSeconds int `yaml:"periodSeconds"`
		}
	}

	PodSelector struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	} `yaml:"podSelector"`
	PolicyTypes []string `yaml:"policyTypes"`
	Ingress     []struct {
		From []struct {
			NamespaceSelector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			} `yaml:"namespaceSelector"`
		}
		Ports []struct{ Protocol, Port string }
	}
}

type pod struct {
	AutomountServiceAccountToken  *bool `yaml:"automountServiceAccountToken"`
	EnableServiceLinks            *bool `yaml:"enableServiceLinks"`
	TerminationGracePeriodSeconds int   `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               struct {
		RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
		RunAsUser      int                   `yaml:"runAsUser"`
		RunAsGroup     int                   `yaml:"runAsGroup"`
		FSGroup        int                   `yaml:"fsGroup"`
		SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	TopologySpreadConstraints []struct {
		MaxSkew           int    `yaml:"maxSkew"`
		TopologyKey       string `yaml:"topologyKey"`
		WhenUnsatisfiable string `yaml:"whenUnsatisfiable"`
		LabelSelector     struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"labelSelector"`
	} `yaml:"topologySpreadConstraints"`
	InitContainers []container `yaml:"initContainers"`
	Containers     []container
	Volumes        []struct {
		Name     string
		EmptyDir *struct {
			SizeLimit string `yaml:"sizeLimit"`
		} `yaml:"emptyDir"`
		Secret *struct {
			SecretName  string `yaml:"secretName"`
			DefaultMode int    `yaml:"defaultMode"`
		}
	}
}

type container struct {
	Name, Image   string
	Command, Args []string
	Env           []struct{ Name, Value string }
	EnvFrom       []struct {
		ConfigMapRef struct{ Name string } `yaml:"configMapRef"`
		SecretRef    struct{ Name string } `yaml:"secretRef"`
	} `yaml:"envFrom"`
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe   probe `yaml:"startupProbe"`
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
	Lifecycle      struct {
		PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
	}
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	} `yaml:"securityContext"`
	Resources    struct{ Requests, Limits map[string]string }
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	HTTPGet          struct{ Path, Port string } `yaml:"httpGet"`
	PeriodSeconds    int                         `yaml:"periodSeconds"`
	TimeoutSeconds   int                         `yaml:"timeoutSeconds"`
	FailureThreshold int                         `yaml:"failureThreshold"`
}

type kustomization struct {
	APIVersion      string `yaml:"apiVersion"`
	Kind, Namespace string
	Resources       []string
	Images          []struct {
		Name    string
		NewName string `yaml:"newName"`
		NewTag  string `yaml:"newTag"`
	}
	ConfigMapGenerator []struct {
		Name     string
		Literals []string
	} `yaml:"configMapGenerator"`
}

const kubernetes = "../../deploy/kubernetes/"

// TestKubernetes holds the manifests together.
func TestKubernetes(t *testing.T) {
	k := readYAML[kustomization](t, kubernetes+"kustomization.yaml")[0]
	kinds, deployments := map[string][]string{}, map[string]manifest{}
	var all []manifest
	for _, file := range k.Resources {
		for _, m := range readYAML[manifest](t, kubernetes+file) {
			all = append(all, m)
			kinds[m.Kind] = append(kinds[m.Kind], m.Metadata.Name)
			if m.Kind == "Deployment" {
				deployments[m.Metadata.Name] = m
			}
		}
	}
	files, err := filepath.Glob(kubernetes + "*.yaml")
	if err != nil || len(files) != len(k.Resources)+2 { // itself, and the values of another chart
		t.Errorf("the folder has %d files, and the kustomization %d (%v)", len(files), len(k.Resources), err)
	}
	two := []string{"magpie", "magpie-work"}
	for kind, want := range map[string][]string{
		"Deployment": two, "PodDisruptionBudget": two, "NetworkPolicy": two, "HorizontalPodAutoscaler": {"magpie-work"}, "Service": {"magpie"}, "Namespace": {k.Namespace},
	} {
		if slices.Sort(kinds[kind]); !slices.Equal(kinds[kind], want) {
			t.Errorf("%s: %v, want %v", kind, kinds[kind], want)
		}
	}
	settings := map[string]string{}
	for _, pair := range k.ConfigMapGenerator[0].Literals {
		name, value, _ := strings.Cut(pair, "=")
		settings[name] = value
	}
	for name, m := range deployments {
		checkPod(t, name, m, k.ConfigMapGenerator[0].Name, settings)
	}
	for _, m := range all {
		switch m.Kind {
		case "PodDisruptionBudget":
			checkSelects(t, m, m.Spec.Selector.MatchLabels, deployments)
			if m.Spec.MaxUnavailable == nil {
				t.Errorf("the budget %s allows what it likes", m.Metadata.Name)
			}
		case "NetworkPolicy":
			checkSelects(t, m, m.Spec.PodSelector.MatchLabels, deployments)
		case "Service":
			s := m.Spec.Selector
			checkSelects(t, m, map[string]string{"app.kubernetes.io/name": s.Name, "app.kubernetes.io/component": s.Component}, deployments)
			checkPort(t, deployments[m.Metadata.Name], m.Spec.Ports[0].TargetPort)
		case "HorizontalPodAutoscaler":
			checkAutoscaler(t, m)
		}
	}
}

// checkSelects holds an object to the deployment of its name.
func checkSelects(t *testing.T, m manifest, labels map[string]string, deployments map[string]manifest) {
	t.Helper()
	d := deployments[m.Metadata.Name]
	if !maps.Equal(labels, d.Spec.Selector.MatchLabels) {
		t.Errorf("%s %s selects %v", m.Kind, m.Metadata.Name, labels)
	}
	for _, in := range m.Spec.Ingress {
		for _, p := range in.Ports {
			checkPort(t, d, p.Port)
		}
	}
}

func checkPort(t *testing.T, d manifest, name string) {
	t.Helper()
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name == name {
				return
			}
		}
	}
	t.Errorf("%s has no port %q", d.Metadata.Name, name)
}

func checkPod(t *testing.T, name string, m manifest, settingsName string, settings map[string]string) {
	p := m.Spec.Template.Spec
	if !maps.Equal(m.Spec.Selector.MatchLabels, m.Spec.Template.Metadata.Labels) {
		t.Errorf("%s selects %v and labels %v", name, m.Spec.Selector.MatchLabels, m.Spec.Template.Metadata.Labels)
	}
	s := p.SecurityContext
	if !s.RunAsNonRoot || s.RunAsUser != 10001 || s.FSGroup != 10001 || s.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("%s: the pod may be more than it needs: %+v", name, s)
	}
	if p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken || p.EnableServiceLinks == nil || *p.EnableServiceLinks {
		t.Errorf("%s: the pod gets a token, or variables called MAGPIE_…", name)
	}
	volumes := map[string]bool{}
	for _, v := range p.Volumes {
		volumes[v.Name] = true
		if v.EmptyDir == nil == (v.Secret == nil) || v.EmptyDir != nil && v.EmptyDir.SizeLimit == "" {
			t.Errorf("%s: the volume %s has no bound", name, v.Name)
		}
	}
	for _, c := range slices.Concat(p.InitContainers, p.Containers) {
		s := c.SecurityContext
		if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
			t.Errorf("%s/%s may be more than it needs: %+v", name, c.Name, s)
		}
		if c.Image != "magpie" || c.Resources.Requests["cpu"] == "" || c.Resources.Requests["memory"] == "" || c.Resources.Limits["memory"] == "" {
			t.Errorf("%s/%s: image %s, resources %+v", name, c.Name, c.Image, c.Resources)
		}
		for _, v := range c.VolumeMounts {
			if !volumes[v.Name] {
				t.Errorf("%s/%s mounts %s, which is not there", name, c.Name, v.Name)
			}
		}
	}
	for _, c := range p.Containers {
		env := maps.Clone(settings)
		drain := "20s" // the default
		for _, e := range c.Env {
			env[e.Name] = e.Value
			if e.Name == "MAGPIE_DRAIN" {
				drain = e.Value
			}
		}
		inFlight, err := time.ParseDuration(drain)
		if err != nil {
			t.Fatal(err)
		}
		inFlight += time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
		if grace := time.Duration(p.TerminationGracePeriodSeconds) * time.Second; grace < inFlight+10*time.Second {
			t.Errorf("%s is killed after %s, and may take %s", name, grace, inFlight)
		}
		if c.EnvFrom[0].ConfigMapRef.Name != settingsName || c.EnvFrom[1].SecretRef.Name != "magpie" {
			t.Errorf("%s: settings from %+v", name, c.EnvFrom)
		}
		env["MAGPIE_DATABASE"], env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = "postgres://u:p@db/magpie", "a", "b" // the secret
		if c.Args[0] == "work" {
			delete(env, "MAGPIE_PUBLIC_URL") // one map for both
		}
		t.Run(name, func(t *testing.T) { checkCommandLine(t, name, c.Args, env) })
		for path, q := range map[string][]probe{"/healthz": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe}} {
			for _, q := range q {
				if q.HTTPGet.Path != path || q.HTTPGet.Port != "http" || q.PeriodSeconds == 0 || q.FailureThreshold == 0 {
					t.Errorf("%s: a probe of %s is %+v", name, path, q)
				}
			}
		}
	}
}

func checkAutoscaler(t *testing.T, m manifest) {
	s := m.Spec
	if s.ScaleTargetRef.Kind != "Deployment" || s.ScaleTargetRef.Name != m.Metadata.Name || s.MinReplicas < 1 || s.MaxReplicas <= s.MinReplicas {
		t.Errorf("it scales %+v", s.ScaleTargetRef)
	}
	type rules struct {
		Rules struct {
			External []struct {
				SeriesQuery string `yaml:"seriesQuery"`
				Resources   struct {
					Overrides map[string]struct{ Resource string }
				}
				Name         struct{ As string }
				MetricsQuery string `yaml:"metricsQuery"`
			}
		}
	}
	adapter := readYAML[rules](t, kubernetes+"prometheus-adapter.yaml")[0].Rules.External[0]
	if adapter.Name.As != s.Metrics[0].External.Metric.Name || s.Metrics[0].External.Target.AverageValue == "" {
		t.Errorf("it asks for %q, and the adapter serves %q", s.Metrics[0].External.Metric.Name, adapter.Name.As)
	}
	// The metric is what TestMetrics says it is.
	for _, query := range []string{adapter.SeriesQuery, adapter.MetricsQuery} {
		if !strings.Contains(query, "magpie_queue_jobs{") {
			t.Errorf("%s is not about the queue", query)
		}
	}
}
