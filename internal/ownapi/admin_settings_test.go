package ownapi

import "testing"

func TestAdminSettings(t *testing.T) {
	s := newServer(t)
	s.wants("GET", "/magpie/v1/admin/settings", s.admin(), "", `{"data":[]}`)
	s.api.operator.Settings = []Setting{{Name: "quota", Value: "10 GiB", From: "file", Variable: "MAGPIE_QUOTA", Help: "How much."}}
	s.wants("GET", "/magpie/v1/admin/settings", s.admin(), "", `{"data":[{"name":"quota","value":"10 GiB","hidden":false,"from":"file","variable":"MAGPIE_QUOTA","help":"How much."}]}`)
}
