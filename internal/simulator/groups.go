package simulator

import (
	"encoding/json"
	"net/http"
)

// A groupEntry is one group as the V1 list writes it.
type groupEntry struct {
	Name            string        `json:"scaling_group_name"`
	ID              string        `json:"scaling_group_id"`
	Status          string        `json:"scaling_group_status"`
	ConfigurationID string        `json:"scaling_configuration_id"`
	Configuration   string        `json:"scaling_configuration_name"`
	Current         int32         `json:"current_instance_number"`
	Desire          int32         `json:"desire_instance_number"`
	Min             int           `json:"min_instance_number"`
	Max             int           `json:"max_instance_number"`
	CoolDown        int           `json:"cool_down_time"`
	Listener        *string       `json:"lb_listener_id"`
	Networks        []networkItem `json:"networks"`
	Zones           []string      `json:"available_zones"`
	Created         string        `json:"create_time"`
	VPC             string        `json:"vpc_id"`
	Detail          *string       `json:"detail"`
	AuditMethod     string        `json:"health_periodic_audit_method"`
	AuditTime       int           `json:"health_periodic_audit_time"`
	Terminate       string        `json:"instance_terminate_policy"`
	IsScaling       bool          `json:"is_scaling"`
	DeletePublicIP  bool          `json:"delete_publicip"`
	Notifications   []string      `json:"notifications"`
}

type networkItem struct {
	ID string `json:"id"`
}

// entry is the group as it stands. It is scaling while an action that the API
// shows has not ended, and its numbers follow the newest of them.
func (g *group) entry(view int64) groupEntry {
	e := groupEntry{
		Name: g.name, ID: g.id, Status: "INSERVICE", Max: maxInstances, CoolDown: 300,
		ConfigurationID: uuid(g.seed, 13), Configuration: "as-config-" + g.name[len("as-group-"):],
		Networks: []networkItem{{uuid(g.seed, 14)}}, Zones: []string{"eu-de-01", "eu-de-02"},
		Created: g.created.UTC().Format(timeFormat), VPC: uuid(g.seed, 15),
		AuditMethod: "NOVA_AUDIT", AuditTime: 5, Terminate: "OLD_CONFIG_OLD_INSTANCE",
		DeletePublicIP: true, Notifications: []string{},
	}
	if len(g.shown) == 0 {
		return e
	}
	newest := &g.shown[len(g.shown)-1]
	switch {
	case newest.doing(view):
		e.Current, e.Desire = newest.before, newest.desire
	case newest.fail:
		e.Current, e.Desire = newest.before, newest.before
	default:
		e.Current, e.Desire = newest.desire, newest.desire
	}
	g.settle(view)
	e.IsScaling = len(g.open) > 0
	return e
}

// settle drops from the open actions those that have ended.
func (g *group) settle(view int64) {
	kept := g.open[:0]
	for _, end := range g.open {
		if end > view {
			kept = append(kept, end)
		}
	}
	g.open = kept
}

func (s *Simulator) groupList(r *http.Request, _ uint64) answer {
	start, limit, refusal := parsePaging(r.URL.Query(), &s.cfg.Faults)
	if refusal != nil {
		return *refusal
	}
	now := s.cfg.Now()
	page := struct {
		Limit  int          `json:"limit"`
		Groups []groupEntry `json:"scaling_groups"`
		Total  int          `json:"total_number"`
		Start  int          `json:"start_number"`
	}{limit, []groupEntry{}, 0, start}
	s.mu.Lock()
	s.advance(now)
	for _, g := range s.groups {
		if !g.exists(now) {
			continue
		}
		if page.Total >= start && page.Total < start+limit {
			page.Groups = append(page.Groups, g.entry(now.Unix()))
		}
		page.Total++
	}
	s.mu.Unlock()
	return encoded(page)
}

func (s *Simulator) groupDetail(r *http.Request, _ uint64) answer {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(now)
	g := s.byID[r.PathValue("group")]
	if g == nil || !g.exists(now) {
		return noGroup()
	}
	return encoded(map[string]any{"scaling_group": g.entry(now.Unix())})
}

func (s *Simulator) serveCounts(w http.ResponseWriter, _ *http.Request) {
	encoded(s.Counts()).send(w, s.cfg.Now(), false)
}

func encoded(v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return serviceError(http.StatusInternalServerError, "AS.0001", err.Error())
	}
	return jsonAnswer(http.StatusOK, body)
}
