//! Parquet files: a column for each field of the format, compressed by gzip (aws: flow-log-parquet).

use std::sync::Arc;

use parquet::basic::{Compression, GzipLevel, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::model::{Field, FieldType, LogFormat};

/// A file with the values of lines; `-` is null (assumed: flow-log-parquet-null).
pub fn file(format: &LogFormat, lines: &[String]) -> Vec<u8> {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
    write(format, &rows).expect("values of fields have the fields' types")
}

fn write(format: &LogFormat, rows: &[Vec<&str>]) -> Result<Vec<u8>> {
    // The oldest version, which everybody reads. Dictionaries would have an encoding that came with a later one.
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_dictionary_enabled(false)
        .set_created_by("vpclab".to_owned())
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema(format)?, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (at, field) in format.fields().iter().enumerate() {
        let values = rows.iter().map(|row| Some(row[at]).filter(|value| *value != "-"));
        column(&mut group, *field, &values.collect::<Vec<_>>())?;
    }
    group.close()?;
    file.into_inner()
}

fn schema(format: &LogFormat) -> Result<TypePtr> {
    let column = |field: &Field| {
        let (physical, logical) = match field.kind() {
            FieldType::Int32 => (PhysicalType::INT32, None),
            FieldType::Int64 => (PhysicalType::INT64, None),
            FieldType::String => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let name = field.name().replace('-', "_");
        let column = Type::primitive_type_builder(&name, physical).with_repetition(Repetition::OPTIONAL);
        column.with_logical_type(logical).build().map(Arc::new)
    };
    let columns = format.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("vpc_flow_logs").with_fields(columns).build().map(Arc::new)
}

/// Writes a column, whose missing values have no place among the others.
fn column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    field: Field,
    values: &[Option<&str>],
) -> Result<()> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let there = values.iter().flatten();
    let mut writer = group.next_column()?.expect("the schema has the format's columns");
    match field.kind() {
        FieldType::Int32 => {
            let numbers: Vec<i32> = there.map(|value| number(field, value)).collect();
            writer.typed::<Int32Type>().write_batch(&numbers, Some(&levels), None)?;
        }
        FieldType::Int64 => {
            let numbers: Vec<i64> = there.map(|value| number(field, value)).collect();
            writer.typed::<Int64Type>().write_batch(&numbers, Some(&levels), None)?;
        }
        FieldType::String => {
            let texts: Vec<ByteArray> = there.map(|value| ByteArray::from(*value)).collect();
            writer.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None)?;
        }
    }
    writer.close()
}

fn number<N: std::str::FromStr>(field: Field, value: &str) -> N {
    value.parse().unwrap_or_else(|_| panic!("{field} is a number, not {value}"))
}

#[cfg(test)]
mod tests {
    use parquet::basic::Encoding;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    #[test]
    fn a_file_has_a_typed_column_for_each_field() {
        let format: LogFormat = "${srcaddr} ${dstport} ${bytes} ${tcp-flags}".parse().unwrap();
        let lines = ["10.0.0.4 80 840 19".to_owned(), "- - - -".to_owned()];
        let bytes = file(&format, &lines);
        assert_eq!(bytes, file(&format, &lines), "the same lines are the same bytes");
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns: Vec<String> = (0..schema.num_columns())
            .map(|at| format!("{} {}", schema.column(at).name(), schema.column(at).physical_type()))
            .collect();
        assert_eq!(columns, ["srcaddr BYTE_ARRAY", "dstport INT32", "bytes INT64", "tcp_flags INT32"]);
        for column in reader.metadata().row_group(0).columns() {
            let encodings: Vec<Encoding> = column.encodings().collect();
            assert_eq!(encodings, [Encoding::PLAIN, Encoding::RLE], "{}", column.column_path());
        }
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(
            rows,
            [
                r#"{srcaddr: "10.0.0.4", dstport: 80, bytes: 840, tcp_flags: 19}"#,
                "{srcaddr: null, dstport: null, bytes: null, tcp_flags: null}"
            ]
        );
    }
}
