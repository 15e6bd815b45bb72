//! The table of Trino's functions: what each takes and gives, and what it is in SQLite.
//!
//! Types are Trino's; the variables are those of `signature`. In templates `{0}` is an argument and `{*}` all of them;
//! `{ms0}` is one as milliseconds, though it be a day; `{T}` is the type of a variable, `{s}` the scale of `D`;
//! `{_arrays:T}` is `_arrays` if the elements are arrays themselves. `!` stands before what can fail, `@` before what
//! takes an element out of an array.

use super::Kind;

/// A signature and its template.
pub type Row = (&'static str, &'static str);

/// All functions, by what they are called on.
pub const TABLES: &[(Kind, &[Row])] = &[
    (Kind::Scalar, NUMBERS),
    (Kind::Scalar, WORDS),
    (Kind::Scalar, MOMENTS),
    (Kind::Scalar, ARRAYS),
    (Kind::Scalar, NETWORK),
    (Kind::Aggregate, AGGREGATES),
    (Kind::Window, WINDOWS),
];

const NUMBERS: &[Row] = &[
    ("abs(I): I", "!t_abs_bigint({0})"),
    ("abs(D): D", "t_abs_decimal({0})"),
    ("abs(double): double", "t_abs_double({0})"),
    ("ceil(I): I", "{0}"),
    ("ceil(D): decimal(rounded)", "t_ceil_decimal({0}, {s})"),
    ("ceil(double): double", "t_ceil_double({0})"),
    ("ceiling(I): I", "{0}"),
    ("ceiling(D): decimal(rounded)", "t_ceil_decimal({0}, {s})"),
    ("ceiling(double): double", "t_ceil_double({0})"),
    ("floor(I): I", "{0}"),
    ("floor(D): decimal(rounded)", "t_floor_decimal({0}, {s})"),
    ("floor(double): double", "t_floor_double({0})"),
    ("round(I): I", "{0}"),
    ("round(D): decimal(rounded)", "!t_rounded_decimal({0}, {s})"),
    ("round(double): double", "t_round_double({0}, 0)"),
    ("round(I, bigint): I", "!t_round_bigint({*})"),
    ("round(D, bigint): decimal(p+1,s)", "!t_round_decimal({0}, {s}, {1})"),
    ("round(double, bigint): double", "t_round_double({*})"),
    ("truncate(I): I", "{0}"),
    ("truncate(D): decimal(cut)", "t_whole_decimal({0}, {s})"),
    ("truncate(double): double", "t_truncate_double({0})"),
    ("truncate(D, bigint): D", "t_truncate_decimal({0}, {s}, {1})"),
    ("truncate(double, bigint): double", "t_truncate_double({*})"),
    ("sign(I): I", "sign({0})"),
    ("sign(D): decimal(1,0)", "t_sign_decimal({0})"),
    ("sign(double): double", "t_sign_double({0})"),
    ("mod(I, I): I", "!t_modulus_{I}({*})"),
    ("mod(D, D): D", "!t_modulus_decimal({0}, {s}, {1}, {s})"),
    ("mod(double, double): double", "t_modulus_double({*})"),
    ("power(double, double): double", "t_power({*})"),
    ("pow(double, double): double", "t_power({*})"),
    ("sqrt(double): double", "t_sqrt({0})"),
    ("cbrt(double): double", "t_cbrt({0})"),
    ("exp(double): double", "t_exp({0})"),
    ("ln(double): double", "t_ln({0})"),
    ("log2(double): double", "t_log2({0})"),
    ("log10(double): double", "t_log10({0})"),
    ("log(double, double): double", "t_log({*})"),
    ("sin(double): double", "t_sin({0})"),
    ("cos(double): double", "t_cos({0})"),
    ("tan(double): double", "t_tan({0})"),
    ("asin(double): double", "t_asin({0})"),
    ("acos(double): double", "t_acos({0})"),
    ("atan(double): double", "t_atan({0})"),
    ("atan2(double, double): double", "t_atan2({*})"),
    ("degrees(double): double", "t_degrees({0})"),
    ("radians(double): double", "t_radians({0})"),
    ("pi(): double", "3.141592653589793"),
    ("e(): double", "2.718281828459045"),
    ("infinity(): double", "9e999"),
    ("is_nan(double): boolean", "t_is_nan({0})"),
    ("is_infinite(double): boolean", "t_is_infinite({0})"),
    ("is_finite(double): boolean", "t_is_finite({0})"),
    ("greatest(O...): O", "t_greatest({*})"),
    ("least(O...): O", "t_least({*})"),
    ("bitwise_and(bigint, bigint): bigint", "({0} & {1})"),
    ("bitwise_or(bigint, bigint): bigint", "({0} | {1})"),
    ("bitwise_xor(bigint, bigint): bigint", "t_bitwise_xor({*})"),
    ("bitwise_not(bigint): bigint", "(~{0})"),
    ("bit_count(bigint, bigint): bigint", "!t_bit_count({*})"),
    ("bitwise_left_shift(bigint, bigint): bigint", "t_shift_left({*})"),
    ("bitwise_right_shift(bigint, bigint): bigint", "t_shift_right({*})"),
    ("bitwise_right_shift_arithmetic(bigint, bigint): bigint", "({0} >> {1})"),
    ("from_base(varchar, bigint): bigint", "!t_from_base({*})"),
    ("to_base(bigint, bigint): varchar", "!t_to_base({*})"),
    ("width_bucket(double, double, double, bigint): bigint", "!t_width_bucket({*})"),
];

const WORDS: &[Row] = &[
    ("split_part(varchar, varchar, bigint): varchar", "!t_split_part({*})"),
    ("split(varchar, varchar): array(varchar)", "!t_split({*})"),
    ("split(varchar, varchar, bigint): array(varchar)", "!t_split({*})"),
    ("lower(varchar): varchar", "t_lower({0})"),
    ("upper(varchar): varchar", "t_upper({0})"),
    ("trim(varchar): varchar", "t_trim({0})"),
    ("ltrim(varchar): varchar", "t_ltrim({0})"),
    ("rtrim(varchar): varchar", "t_rtrim({0})"),
    ("trim(varchar, varchar): varchar", "t_trim({*})"),
    ("ltrim(varchar, varchar): varchar", "t_ltrim({*})"),
    ("rtrim(varchar, varchar): varchar", "t_rtrim({*})"),
    ("length(varchar): bigint", "t_length({0})"),
    ("concat(varchar...): varchar", "t_concat({*})"),
    ("concat_ws(varchar, array(varchar)): varchar", "t_concat_ws_array({*})"),
    ("concat_ws(varchar, varchar...): varchar", "t_concat_ws({*})"),
    ("substr(varchar, bigint): varchar", "t_substr({*})"),
    ("substr(varchar, bigint, bigint): varchar", "t_substr({*})"),
    ("substring(varchar, bigint): varchar", "t_substr({*})"),
    ("substring(varchar, bigint, bigint): varchar", "t_substr({*})"),
    ("replace(varchar, varchar): varchar", "t_replace({*})"),
    ("replace(varchar, varchar, varchar): varchar", "t_replace({*})"),
    ("reverse(varchar): varchar", "t_reverse({0})"),
    ("strpos(varchar, varchar): bigint", "t_strpos({*})"),
    ("strpos(varchar, varchar, bigint): bigint", "!t_strpos({*})"),
    ("position(varchar, varchar): bigint", "t_strpos({1}, {0})"),
    ("starts_with(varchar, varchar): boolean", "t_starts_with({*})"),
    ("lpad(varchar, bigint, varchar): varchar", "!t_lpad({*})"),
    ("rpad(varchar, bigint, varchar): varchar", "!t_rpad({*})"),
    ("chr(bigint): varchar", "!t_chr({0})"),
    ("codepoint(varchar): integer", "!t_codepoint({0})"),
    ("translate(varchar, varchar, varchar): varchar", "t_translate({*})"),
    ("url_encode(varchar): varchar", "t_url_encode({0})"),
    ("url_decode(varchar): varchar", "t_url_decode({0})"),
    ("levenshtein_distance(varchar, varchar): bigint", "t_levenshtein_distance({*})"),
    ("regexp_like(varchar, varchar): boolean", "!t_regexp_like({*})"),
    ("regexp_extract(varchar, varchar): varchar", "!t_regexp_extract({*})"),
    ("regexp_extract(varchar, varchar, bigint): varchar", "!t_regexp_extract({*})"),
    ("regexp_extract_all(varchar, varchar): array(varchar)", "!t_regexp_extract_all({*})"),
    ("regexp_extract_all(varchar, varchar, bigint): array(varchar)", "!t_regexp_extract_all({*})"),
    ("regexp_replace(varchar, varchar): varchar", "!t_regexp_replace({*})"),
    ("regexp_replace(varchar, varchar, varchar): varchar", "!t_regexp_replace({*})"),
    ("regexp_count(varchar, varchar): bigint", "!t_regexp_count({*})"),
    ("regexp_position(varchar, varchar): bigint", "!t_regexp_position({*})"),
    ("regexp_split(varchar, varchar): array(varchar)", "!t_regexp_split({*})"),
];

const MOMENTS: &[Row] = &[
    ("day_of_week(M): bigint", "!t_day_of_week({ms0})"),
    ("dow(M): bigint", "!t_day_of_week({ms0})"),
    ("day(M): bigint", "!t_day({ms0})"),
    ("day(interval day to second): bigint", "({0} / 86400000)"),
    ("day_of_month(M): bigint", "!t_day({ms0})"),
    ("day_of_year(M): bigint", "!t_day_of_year({ms0})"),
    ("doy(M): bigint", "!t_day_of_year({ms0})"),
    ("week(M): bigint", "!t_week({ms0})"),
    ("week_of_year(M): bigint", "!t_week({ms0})"),
    ("month(M): bigint", "!t_month({ms0})"),
    ("month(interval year to month): bigint", "({0} % 12)"),
    ("quarter(M): bigint", "!t_quarter({ms0})"),
    ("year(M): bigint", "!t_year({ms0})"),
    ("year(interval year to month): bigint", "({0} / 12)"),
    ("year_of_week(M): bigint", "!t_year_of_week({ms0})"),
    ("yow(M): bigint", "!t_year_of_week({ms0})"),
    ("hour(M): bigint", "t_hour({ms0})"),
    ("hour(interval day to second): bigint", "({0} / 3600000 % 24)"),
    ("minute(M): bigint", "t_minute({ms0})"),
    ("minute(interval day to second): bigint", "({0} / 60000 % 60)"),
    ("second(M): bigint", "t_second({ms0})"),
    ("second(interval day to second): bigint", "({0} / 1000 % 60)"),
    ("millisecond(M): bigint", "t_millisecond({ms0})"),
    ("millisecond(interval day to second): bigint", "({0} % 1000)"),
    ("to_milliseconds(interval day to second): bigint", "{0}"),
    ("timezone_hour(timestamp with time zone): bigint", "({0} * 0)"),
    ("timezone_minute(timestamp with time zone): bigint", "({0} * 0)"),
    ("date(M): date", "!cast_value({0}, '{M}', 'date')"),
    ("date(varchar): date", "!cast_value({0}, 'varchar', 'date')"),
    ("last_day_of_month(M): date", "!t_last_day_of_month({ms0})"),
    ("date_trunc(varchar, date): date", "(!t_date_trunc_date({0}, {ms1}) / 86400000)"),
    ("date_trunc(varchar, M): M", "!t_date_trunc({*})"),
    ("date_add(varchar, bigint, date): date", "(!t_date_add_date({0}, {1}, {ms2}) / 86400000)"),
    ("date_add(varchar, bigint, M): M", "!t_date_add({*})"),
    ("date_diff(varchar, date, date): bigint", "!t_date_diff_date({0}, {ms1}, {ms2})"),
    ("date_diff(varchar, M, M): bigint", "!t_date_diff({*})"),
    ("date_format(M, varchar): varchar", "!t_date_format({ms0}, {1})"),
    ("date_parse(varchar, varchar): timestamp", "!t_date_parse({*})"),
    ("format_datetime(M, varchar): varchar", "!t_format_datetime({ms0}, {1})"),
    ("parse_datetime(varchar, varchar): timestamp with time zone", "!t_parse_datetime({*})"),
    ("from_unixtime(bigint): timestamp with time zone", "!t_from_unixtime({0})"),
    ("from_unixtime(double): timestamp with time zone", "!t_from_unixtime({0})"),
    ("from_unixtime(double, varchar): timestamp with time zone", "!t_utc(!t_from_unixtime({0}), {1})"),
    ("to_unixtime(M): double", "({ms0} / 1000.0)"),
    ("to_iso8601(date): varchar", "t_iso_date({0})"),
    ("to_iso8601(timestamp): varchar", "!t_iso_timestamp({0})"),
    ("to_iso8601(timestamp with time zone): varchar", "(!t_iso_timestamp({0}) || 'Z')"),
    ("from_iso8601_timestamp(varchar): timestamp with time zone", "!t_from_iso8601_timestamp({0})"),
    ("from_iso8601_date(varchar): date", "!t_from_iso8601_date({0})"),
    ("with_timezone(timestamp, varchar): timestamp with time zone", "!t_utc({*})"),
    ("at_timezone(timestamp with time zone, varchar): timestamp with time zone", "!t_utc({*})"),
    ("current_timezone(): varchar", "'UTC'"),
    ("current_date(): date", "(t_now() / 86400000)"),
    ("current_timestamp(): timestamp with time zone", "t_now()"),
    ("now(): timestamp with time zone", "t_now()"),
    ("localtimestamp(): timestamp", "t_now()"),
];

const ARRAYS: &[Row] = &[
    ("cardinality(array(T)): bigint", "t_cardinality({0})"),
    ("contains(array(T), T): boolean", "t_contains({*})"),
    ("element_at(array(T), bigint): T", "@!t_element_at({*})"),
    ("array_join(array(T), varchar): varchar", "!t_array_join({0}, {1}, '{T}')"),
    ("array_join(array(T), varchar, varchar): varchar", "!t_array_join({0}, {1}, '{T}', {2})"),
    ("array_distinct(array(T)): array(T)", "t_array_distinct({0})"),
    ("array_sort(array(T)): array(T)", "t_array_sort({0})"),
    ("array_max(array(T)): T", "@t_array_max({0})"),
    ("array_min(array(T)): T", "@t_array_min({0})"),
    ("array_position(array(T), T): bigint", "t_array_position({*})"),
    ("array_remove(array(T), T): array(T)", "t_array_remove({*})"),
    ("array_union(array(T), array(T)): array(T)", "t_array_union({*})"),
    ("array_intersect(array(T), array(T)): array(T)", "t_array_intersect({*})"),
    ("array_except(array(T), array(T)): array(T)", "t_array_except({*})"),
    ("arrays_overlap(array(T), array(T)): boolean", "t_arrays_overlap({*})"),
    ("concat(array(T)...): array(T)", "t_array_concat({*})"),
    ("concat(array(T), T): array(T)", "t_array_append({*})"),
    ("concat(T, array(T)): array(T)", "t_array_prepend({*})"),
    ("reverse(array(T)): array(T)", "t_array_reverse({0})"),
    ("slice(array(T), bigint, bigint): array(T)", "!t_slice({*})"),
    ("trim_array(array(T), bigint): array(T)", "!t_trim_array({*})"),
    ("flatten(array(array(T))): array(T)", "t_flatten({0})"),
    ("repeat(T, bigint): array(T)", "!t_repeat({*})"),
    ("sequence(bigint, bigint): array(bigint)", "!t_sequence({0}, {1}, iif({0} <= {1}, 1, -1))"),
    ("sequence(bigint, bigint, bigint): array(bigint)", "!t_sequence({*})"),
    ("sequence(date, date): array(date)", "!t_sequence({0}, {1}, iif({0} <= {1}, 1, -1))"),
    ("sequence(date, date, interval day to second): array(date)", "!t_sequence({0}, {1}, {2} / 86400000)"),
    ("sequence(timestamp, timestamp, interval day to second): array(timestamp)", "!t_sequence({*})"),
];

const NETWORK: &[Row] = &[
    ("contains(varchar, ipaddress): boolean", "!t_cidr_contains({*})"),
    ("is_subnet_of(ipprefix, ipaddress): boolean", "t_is_subnet_of({*})"),
    ("is_subnet_of(ipprefix, ipprefix): boolean", "t_is_subnet_of_prefix({*})"),
    ("ip_prefix(ipaddress, bigint): ipprefix", "!t_ip_prefix({*})"),
    ("ip_prefix(varchar, bigint): ipprefix", "!t_ip_prefix_text({*})"),
    ("ip_subnet_min(ipprefix): ipaddress", "t_ip_subnet_min({0})"),
    ("ip_subnet_max(ipprefix): ipaddress", "t_ip_subnet_max({0})"),
];

/// Each is one call, so that what follows a call (`FILTER`, `OVER`) can follow it.
const AGGREGATES: &[Row] = &[
    ("count(): bigint", "count(*)"),
    ("count(T): bigint", "count({0})"),
    ("count_if(boolean): bigint", "count(nullif({0}, 0))"),
    ("sum(bigint): bigint", "sum({0})"),
    ("sum(D): decimal(38,s)", "t_sum_decimal({0})"),
    ("sum(double): double", "sum({0})"),
    ("sum(interval day to second): interval day to second", "sum({0})"),
    ("avg(D): D", "t_avg_decimal({0})"),
    ("avg(double): double", "avg({0})"),
    ("min(O): O", "min({0})"),
    ("max(O): O", "max({0})"),
    ("bool_and(boolean): boolean", "min({0})"),
    ("every(boolean): boolean", "min({0})"),
    ("bool_or(boolean): boolean", "max({0})"),
    ("arbitrary(T): T", "t_arbitrary({0})"),
    ("any_value(T): T", "t_arbitrary({0})"),
    ("min_by(T, O): T", "t_min_by({*})"),
    ("max_by(T, O): T", "t_max_by({*})"),
    ("array_agg(T): array(T)", "t_array_agg{_arrays:T}({0})"),
    ("approx_distinct(T): bigint", "count(DISTINCT {0})"),
    ("approx_percentile(bigint, double): bigint", "t_percentile({*})"),
    ("approx_percentile(double, double): double", "t_percentile({*})"),
    ("listagg(varchar, varchar): varchar", "group_concat({*})"),
    ("stddev(double): double", "t_stddev_samp({0})"),
    ("stddev_samp(double): double", "t_stddev_samp({0})"),
    ("stddev_pop(double): double", "t_stddev_pop({0})"),
    ("variance(double): double", "t_var_samp({0})"),
    ("var_samp(double): double", "t_var_samp({0})"),
    ("var_pop(double): double", "t_var_pop({0})"),
    ("geometric_mean(double): double", "t_geometric_mean({0})"),
    ("corr(double, double): double", "t_corr({*})"),
    ("covar_pop(double, double): double", "t_covar_pop({*})"),
    ("covar_samp(double, double): double", "t_covar_samp({*})"),
];

const WINDOWS: &[Row] = &[
    ("row_number(): bigint", "row_number()"),
    ("rank(): bigint", "rank()"),
    ("dense_rank(): bigint", "dense_rank()"),
    ("percent_rank(): double", "percent_rank()"),
    ("cume_dist(): double", "cume_dist()"),
    ("ntile(bigint): bigint", "ntile({0})"),
    ("lag(T): T", "lag({0})"),
    ("lag(T, bigint): T", "lag({*})"),
    ("lag(T, bigint, T): T", "lag({*})"),
    ("lead(T): T", "lead({0})"),
    ("lead(T, bigint): T", "lead({*})"),
    ("lead(T, bigint, T): T", "lead({*})"),
    ("first_value(T): T", "first_value({0})"),
    ("last_value(T): T", "last_value({0})"),
    ("nth_value(T, bigint): T", "nth_value({*})"),
];

/// Functions that Trino has and this crate has not.
pub const NOT_HERE: &str = "
    all_match any_match none_match approx_most_frequent approx_set array_histogram bar beta_cdf bing_tile
    bitwise_and_agg bitwise_or_agg bitwise_xor_agg char2hexint checksum classify color combinations
    convex_hull_agg cosh cosine_distance cosine_similarity crc32 current_catalog current_groups current_schema
    current_time current_user day_name empty_approx_set entropy evaluate_classifier_predictions features filter
    format format_number from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64 from_encoded_polyline
    from_geojson_geometry from_hex from_ieee754_32 from_ieee754_64 from_iso8601_timestamp_nanos from_unixtime_nanos
    from_utf8 geometry_union hamming_distance hash_counts histogram hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512
    human_readable_seconds inverse_beta_cdf inverse_normal_cdf intersection_cardinality is_json_scalar
    jaccard_index json_array_contains json_array_get json_array_length json_exists json_extract
    json_extract_scalar json_format json_object json_parse json_query json_size json_value kurtosis
    learn_classifier learn_regressor localtime luhn_check make_set_digest map map_agg map_concat map_entries
    map_filter map_from_entries map_keys map_union map_values map_zip_with md5 merge merge_set_digest
    multimap_agg multimap_from_entries murmur3 nan ngrams normal_cdf normalize numeric_histogram
    objectid_timestamp parse_data_size parse_duration parse_presto_data_size qdigest_agg quantile_at_value rand
    random reduce reduce_agg regr_intercept regr_slope render rgb sha1 sha256 sha512 shuffle simplify_geometry
    sinh skewness soundex spooky_hash_v2_32 spooky_hash_v2_64 split_to_map split_to_multimap st_area st_contains
    st_distance st_point tanh tdigest_agg timestamp_objectid to_base32 to_base64 to_base64url to_big_endian_32
    to_big_endian_64 to_char to_date to_geometry to_hex to_ieee754_32 to_ieee754_64 to_timestamp to_utf8 transform
    transform_keys transform_values typeof url_extract_fragment url_extract_host url_extract_parameter
    url_extract_path url_extract_port url_extract_protocol url_extract_query uuid value_at_quantile
    values_at_quantiles version wilson_interval_lower wilson_interval_upper word_stem xxhash64 zip
    zip_with
";
