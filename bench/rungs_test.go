package main

import "testing"

func TestReadAlike(t *testing.T) {
	said := `[Parsed_ssim_3 @ 0x1] SSIM Y:0.991 (20.6) U:0.99 (22.4) V:0.995 (23.4) All:0.992839 (21.449)
[Parsed_psnr_4 @ 0x2] PSNR y:41.1 u:44.0 v:45.1 average:42.018 min:40.6 max:43.5`
	ssim, psnr, err := readAlike(said)
	if err != nil || ssim != 0.992839 || psnr != 42.018 {
		t.Errorf("read %v, %v, %v", ssim, psnr, err)
	}
	if _, _, err := readAlike("SSIM All:0.99"); err == nil {
		t.Error("half of what is looked for was enough")
	}
}
