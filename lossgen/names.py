"""Which names a spec may give: Python has rules, and generated code has names already."""

from __future__ import annotations

import keyword
import re
import unicodedata


def _words(text: str) -> list[str]:
    return text.split()


# What modules import or take from Python. A spec's name in this place would hide it.
IMPORTED = frozenset(
    _words(
        """
        Any Array ArrayLike Case Chunking DerivativesInChunks frozenset Given Kernels Literal
        Loss Mean Operand NDArray Parameter Rows RowsInChunks Sum Tensor TypeAlias
        added all_count are_moderate argmax_along array_of as_arrays at_least at_most
        axis_weight bool broadcast_input broadcast_rows
        broadcast_weight cast_floats cast_parts centred chainer check_arrays
        Call Callable callable check_device check_dialect check_divides check_floating
        check_filled check_function check_integer check_integers
        check_labels check_least check_most check_number check_positive check_range check_rank
        check_reduction check_result check_shape check_tensor chunk_rows
        constant count_up cross_entropy_with
        dataclass deviation dict differentiable direction divide entry_along exact_exp excess_over
        exp exp_beside exp_difference expm1 field filled finish finish_entries finish_parts float
        floored_norm fold get_context
        hessian_diagonals_of in_chunks int is_at is_integer is_number isinstance jax jnp
        cross_entropy_and_excess label_cross_entropy_and_excess
        label_cross_entropy_and_gradient label_gradient
        label_cross_entropy label_excess larger leading_size leading_weight length_along
        like_upstream log log1p log1p_exp log_cosh
        logsumexp loss_and_gradients_of loss_of masked math max_along matrix_product merge
        mindspore mixture ms negative_log_softmax nn norm np numpy ops overload
        p_length_along p_norm partial parts_of pick placed positions power1p power_slope put_along
        put_into ratio repeated report represent same_weight scaled_exp sech2 sigmoid
        sigmoids sign signed_power softmax select smaller softmax_complement softmax_tangent
        spread_like str sum_along sum_of_others super take tanh times_into to_tensor to_working
        torch total total_along trained tuple with_batch within without_axis working_dtype
        zeros_like
        box_cox box_cox_bend box_cox_slope digamma erf gauss hypot1 hypot1m1 log1p_square loggamma
        over_hypot1 over_square1 power1p trigamma
        """
    )
)
# What public functions and kernels call their own variables.
LOCAL = frozenset(
    _words(
        """
        axis call calls chunk denominator dialect doubt dtype index inputs loss parts partials
        reduction return_parts self shape single upstream working
        """
    )
)
PREFIXES = ("by_", "change_", "d_", "diagonal_", "grad_")
# What the base classes of losses have: an argument of the class becomes an attribute.
ATTRIBUTES = frozenset(
    _words(
        """
        IGNORE_LIST T_destination add_flags add_flags_recursive add_hook add_module add_param
        add_persistent addgrads apply arguments_key average bfloat16 bprop_debug buffers
        call_super_init cast cast_inputs cell_init_args cell_type cells cells_and_names
        check_names check_names_and_refresh_name children cleargrads cls_name compile
        compile_and_run compile_cache compile_phase compiled construct copy copyparams
        count_params cpu create_time cuda delete_hook device device_resident_accept
        disable_update double dump_patches enable_backward_hook enable_update eval exist_names
        exist_objs extend_repr extra_repr forward from_chx from_params generate_scope get_axis
        get_buffer get_extra_state get_flags get_func_graph_proto get_inputs get_loss
        get_mixed_precision_type get_parameter get_parameters get_scope get_sub_cell
        get_submodule global_cells grad_ops_label half has_bprop hessian_diagonal
        init_parameters_data init_scope insert_child_to_cell insert_param_to_cell ipu
        is_top_cell jit_config_dict links load_state_dict local_link_hooks mixed_precision_type
        modules mtia mul name name_cells named_buffers named_children named_modules
        named_parameters namedlinks namedparams offload parallel_parameter_merge_net_dict
        parallel_parameter_name_list param_prefix parameter_layout_dict parameters
        parameters_and_names parameters_broadcast_dict parameters_dict params phase phase_cache
        pipeline_segment pipeline_stage printable_specs recompute reduce reduce_mean reduce_sum
        register_backward_hook register_backward_pre_hook register_buffer register_forward_hook
        register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
        register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
        register_parameter register_parameter_forward_hook register_persistent
        register_saved_tensors_hooks register_state_dict_post_hook register_state_dict_pre_hook
        remove_redundant_parameters repeat requires_grad requires_grad_ run_construct serialize
        set_boost set_broadcast_flag set_comm_fusion set_data_parallel set_extra_state set_grad
        set_inputs set_jit_config set_mixed_precision_type set_submodule set_train shard
        share_memory state_dict to to_chx to_cpu to_device to_empty to_float to_gpu to_intel64
        total_instance_count train trainable_params training type untrainable_params
        update_cell_prefix update_cell_type update_enabled update_parameters_name value_and_grad
        within_init_scope xp xpu zero_grad zerograds
        """
    )
)
# A loss's module stands beside these, under its function's name with an underscore before it.
MODULES = frozenset(
    (
        "arrays",
        "autograd",
        "checks",
        "chunks",
        "entries",
        "functions",
        "kernels",
        "passes",
        "reduction",
        "runtime",
        "threads",
        "tiles",
        "totals",
    )
)


LONGEST = 80


def is_plain(name: object) -> bool:
    """Say whether Python reads a name as it stands: an identifier that no normal form changes."""
    return (
        isinstance(name, str)
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and unicodedata.normalize("NFKC", name) == name
    )


def name_problem(name: object) -> tuple[str, str] | None:
    """Return why a name cannot be one, and what to do about it."""
    if not is_plain(name):
        problem = f"{name!r} is not a name that Python allows"
        return problem, "use letters, digits and underscores, and no keyword"
    if not str(name).isascii():
        strange = next(letter for letter in str(name) if not letter.isascii())
        problem = f"{name!r} holds {unicodedata.name(strange, 'a strange letter')}"
        return problem, "use plain letters from a to z, which cannot be mistaken"
    if len(str(name)) > LONGEST:
        problem = f"the name '{str(name)[:20]}...' has {len(str(name))} letters"
        return problem, f"use {LONGEST} at most: files are named after it"
    return None


def class_problem(name: str) -> tuple[str, str] | None:
    """Return why a name is none for a class."""
    if re.fullmatch("[A-Z][A-Za-z0-9]*", name):
        return None
    return f"{name!r} is no name for a class", "write words in capitals, as HuberLoss"


def function_problem(name: str) -> tuple[str, str] | None:
    """Return why a name is none for a function; its module must be told apart on any disk."""
    if re.fullmatch("[a-z][a-z0-9_]*", name):
        return None
    return f"{name!r} is no name for a function", "write small letters, as huber_loss"


def is_taken(name: str) -> bool:
    """Say whether generated code has a use of its own for an argument's name."""
    return name in IMPORTED or name in LOCAL or name.startswith(PREFIXES)


__all__ = [
    "ATTRIBUTES",
    "IMPORTED",
    "MODULES",
    "class_problem",
    "function_problem",
    "is_plain",
    "is_taken",
    "name_problem",
]
