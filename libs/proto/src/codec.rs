//! The codec of every generated client and server: prost's, which first looks how much a message
//! would become. An empty record takes two bytes on the wire and some hundred in memory, so the
//! size of a message does not bound what it takes to hold it.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

/// What a message may hold at its top, fields and elements of lists together: twice as many as
/// the largest list of any request may have.
pub const ELEMENTS_MAX: usize = 20_000;

/// How the text of the refusal begins; servers turn it into `MESSAGE_TOO_LARGE`.
pub const TOO_MANY_ELEMENTS: &str = "Error, decoded message has too many elements";

/// prost's codec behind a look at the number of elements.
#[derive(Debug, Clone)]
pub struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstCodec::<T, U>::raw_decoder(BufferSettings::default()))
    }
}

/// Answers that were encoded before, to requests that [`BoundedCodec`] reads.
#[derive(Debug, Clone)]
pub struct EncodedCodec<U>(BoundedCodec<U, U>);

impl<U> Default for EncodedCodec<U> {
    fn default() -> Self {
        Self(BoundedCodec::default())
    }
}

impl<U: Message + Default + Send + 'static> Codec for EncodedCodec<U> {
    type Encode = Bytes;
    type Decode = U;
    type Encoder = EncodedEncoder;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> EncodedEncoder {
        EncodedEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        self.0.decoder()
    }
}

/// See [`EncodedCodec`].
#[derive(Debug, Clone, Copy)]
pub struct EncodedEncoder;

impl Encoder for EncodedEncoder {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

/// See [`BoundedCodec`].
#[derive(Debug, Clone)]
pub struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // A message lies in one piece: tonic collects it before it is decoded.
        check(buffer.chunk())?;
        self.0.decode(buffer)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Whether a message has few enough elements. What is no message at all is left to the decoder.
///
/// # Errors
///
/// `RESOURCE_EXHAUSTED` where it has more than [`ELEMENTS_MAX`].
pub fn check(message: &[u8]) -> Result<(), Status> {
    let mut rest = message;
    for _ in 0..ELEMENTS_MAX {
        if rest.is_empty() || skip_field(&mut rest).is_none() {
            return Ok(());
        }
    }
    if rest.is_empty() {
        return Ok(());
    }
    let text = format!("{TOO_MANY_ELEMENTS}: the limit is: {ELEMENTS_MAX} elements");
    Err(Status::resource_exhausted(text))
}

/// Passes over a field with its key; `None` where there is none that can be passed over.
fn skip_field(rest: &mut &[u8]) -> Option<()> {
    let key = varint(rest)?;
    let length = match key & 7 {
        0 => return varint(rest).map(drop),
        1 => 8,
        2 => usize::try_from(varint(rest)?).ok()?,
        5 => 4,
        _ => return None,
    };
    *rest = rest.get(length..)?;
    Some(())
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::v1::{Case, CaseRecord, StreamCasesRequest};

    fn message(records: usize) -> Vec<u8> {
        let record = CaseRecord { case: Some(Case::default()), position: None };
        let parent = "jurisdictions/zz".to_owned();
        StreamCasesRequest { parent, batch: 7, records: vec![record; records] }.encode_to_vec()
    }

    #[test]
    fn the_largest_batch_passes_and_a_swarm_of_empty_records_does_not() {
        assert!(check(&message(10_000)).is_ok());
        assert!(check(&message(ELEMENTS_MAX - 2)).is_ok());
        let refused = check(&message(ELEMENTS_MAX - 1)).unwrap_err();
        assert!(refused.message().starts_with(TOO_MANY_ELEMENTS), "{refused}");
    }

    #[test]
    fn what_is_no_message_is_left_to_the_decoder() {
        for bytes in [&b""[..], b"\xff", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x0b"] {
            assert!(check(bytes).is_ok(), "{bytes:?}");
        }
    }
}
