from __future__ import annotations

from edge.recognise.macs import Operation, count_macs


def test_a_convolution_counts_every_output_times_its_window() -> None:
    # 8 filters of 3 x 3 over 4 channels, a map of 10 x 12 comes out.
    plain = Operation("Conv", ((1, 4, 10, 12), (8, 4, 3, 3), (8,)), ((1, 8, 10, 12),))
    assert count_macs([plain]) == 8 * 10 * 12 * 4 * 9


def test_a_depthwise_convolution_counts_one_channel_a_filter() -> None:
    depthwise = Operation("Conv", ((1, 8, 10, 12), (8, 1, 3, 3)), ((1, 8, 10, 12),))
    assert count_macs([depthwise]) == 8 * 10 * 12 * 9


def test_matrix_products_count_rows_times_columns_times_what_is_summed() -> None:
    product = Operation("MatMul", ((5, 100), (100, 7)), ((5, 7),))
    turned = Operation("Gemm", ((5, 100), (7, 100), (7,)), ((5, 7),))
    assert count_macs([product]) == count_macs([turned]) == 5 * 100 * 7


def test_what_is_neither_counts_nothing() -> None:
    assert count_macs([Operation("Relu", ((1, 4, 10, 12),), ((1, 4, 10, 12),))]) == 0
