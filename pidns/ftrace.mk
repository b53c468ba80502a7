# SPDX-License-Identifier: GPL-2.0
#
# ftrace locations in the functions with C names: without one a function cannot be probed,
# and rustc makes none by itself. Cost: a NOP per function, as in C.
#

pidns-crates := pidns nsproxy

# usage: $(call pidns-functions,CRATE); the names of these functions
pidns-functions = $(shell sed -n 's/^pub(crate) unsafe extern "C" fn \([a-z_0-9]*\).*/\1/p' \
  $(wildcard $(src)/$(1)/abi.rs $(src)/$(1)/abi/*.rs $(src)/$(1)/abi/*/*.rs))
$(foreach c,$(pidns-crates),$(eval pidns-functions-$(c) := $(call pidns-functions,$(c))))

# arm64, riscv: NOPs at each entry, for which rustc has C's option. With
# DYNAMIC_FTRACE_WITH_CALL_OPS, ftrace stores a pointer in those before the entry, and finds the
# place by the alignment of functions. -Zmin-function-alignment leaves out functions of other
# crates.
pidns-align-$(CONFIG_DYNAMIC_FTRACE_WITH_CALL_OPS) := -Cllvm-args=-align-all-functions=3
$(foreach c,$(pidns-crates),$(eval \
  RUSTFLAGS_$(c)/lib.o += $(if $(pidns-entry),$(pidns-entry:-f%=-Z%) $(pidns-align-y))))

# x86: a call of __fentry__() there. LLVM makes it for functions with the attribute
# fentry-call, which it takes from a list of names (tried: rustc 1.96 with clang 22). Once
# rustc has -Zinstrument-mcount=fentry that takes the place of the list.
ifdef pidns-fentry
$(foreach c,$(pidns-crates),$(eval \
  RUSTFLAGS_$(c)/lib.o += -Cllvm-args=-forceattrs-csv-path=$(objtree)/$(obj)/$(c)/fentry.csv))
$(pidns-crates:%=$(obj)/%/lib.o): %/lib.o: %/fentry.csv
endif

quiet_cmd_fentry = GEN     $@
      cmd_fentry = printf '%s,fentry-call=true\n' $(pidns-functions-$(@:$(obj)/%/fentry.csv=%)) > $@

$(pidns-crates:%=$(obj)/%/fentry.csv): FORCE
	$(call if_changed,fentry)
targets += $(pidns-crates:%=%/fentry.csv)

# Where the C compiler lists the locations itself, objtool has to do that for Rust.
ifdef CONFIG_OBJTOOL
ifdef CONFIG_FTRACE_MCOUNT_USE_CC
$(pidns-crates:%=$(obj)/%/lib.o): private objtool-enabled := y
$(pidns-crates:%=$(obj)/%/lib.o): private objtool-args = \
	$(if $(delay-objtool),,$(objtool-args-y)) --mcount
endif
endif

# LLVM silently ignores names that it does not find.
quiet_cmd_check_ftrace = CHECK   $< (ftrace locations)
      cmd_check_ftrace = $(if $(CONFIG_DYNAMIC_FTRACE_WITH_CALL_OPS),ALIGN=8 )$(CONFIG_SHELL) \
	$(src)/pidns/check-ftrace.sh $< $(pidns-functions-$(@:$(obj)/%/ftrace.checked=%)) > $@

$(pidns-crates:%=$(obj)/%/ftrace.checked): $(obj)/%/ftrace.checked: $(obj)/%/lib.o \
		$(src)/pidns/check-ftrace.sh FORCE
	$(call if_changed,check_ftrace)
always-y += $(pidns-crates:%=%/ftrace.checked)
