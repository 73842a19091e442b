"""The attention kernel that a run would use: wheel to install, obstacle, earlier proof, broken installation."""

from __future__ import annotations

from pathlib import Path

from f5_pipeline.doctor.attention import AttentionPlan, check_attention, probe_attention
from f5_pipeline.doctor.imports import Imports
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.errors import AttentionUnavailable
from f5_pipeline.settings.environment import Settings

GPU = PlatformTags("cp311", "linux", "x86_64", "2.36", "2.7.1+cu126", "12.6", True, "NVIDIA A100", (8, 0))


def plan_on(tags: PlatformTags, cache: Path) -> AttentionPlan:
    return probe_attention(Settings(cache=cache), lambda device: tags)


def test_the_wheel_to_install_is_named_and_not_downloaded(tmp_path: Path) -> None:
    plan = plan_on(GPU, tmp_path)
    finding = check_attention(Imports({}), plan, "auto")
    assert plan.wheel is not None
    assert finding.status == "ok"
    assert "flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-cp311" in finding.found
    assert list(tmp_path.iterdir()) == []


def test_the_choice_of_an_older_wheel_is_explained(tmp_path: Path) -> None:
    tags = PlatformTags(**{**vars(GPU), "torch": "2.6.0+cu124", "cuda": "12.4", "cxx11_abi": False})
    finding = check_attention(Imports({}), plan_on(tags, tmp_path), "auto")
    assert "flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE" in finding.found
    assert "2.8" in finding.found.partition("(")[2]


def test_torch_without_a_matching_wheel_fails_only_if_flash_attn_is_required(tmp_path: Path) -> None:
    old = PlatformTags(**{**vars(GPU), "torch": "1.13.1+cu117", "cuda": "11.7"})
    plan = plan_on(old, tmp_path)
    assert check_attention(Imports({}), plan, "auto").status == "ok"
    assert check_attention(Imports({}), plan, "flash_attn").status == "fail"
    assert "to have flash_attn" in plan.obstacle


def test_an_earlier_proof_is_found(cache: Path) -> None:
    """The proof is a real one, of this machine."""
    settings = Settings(cache=cache)
    report = prove_environment(settings)
    assert probe_attention(settings).proven == report.reason


def test_a_broken_flash_attn_of_our_own_is_a_warning() -> None:
    finding = check_attention(Imports({"flash_attn": "it crashed"}), AttentionPlan(replaceable=True), "auto")
    assert finding.status == "warn"
    assert "it crashed" in finding.found
    assert "next run" in finding.fix


def test_torch_attention_gives_the_obstacle() -> None:
    plan = AttentionPlan(obstacle="torch 2.13.0+cpu is built without CUDA")
    finding = check_attention(Imports({}), plan, "auto")
    assert finding.status == "ok"
    assert plan.obstacle in finding.found
    required = check_attention(Imports({}), plan, "flash_attn")
    assert required.status == "fail"
    assert f"{required.found} {required.fix}" == str(AttentionUnavailable(plan.obstacle))


def test_a_proven_kernel_is_named() -> None:
    finding = check_attention(Imports({"flash_attn": ""}), AttentionPlan(proven="flash_attn 2.8.3: it works"), "auto")
    assert (finding.status, "flash_attn 2.8.3: it works" in finding.found) == ("ok", True)
