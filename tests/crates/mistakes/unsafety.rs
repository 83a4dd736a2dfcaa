static WEIGHTS: [u32; 4] = [1, 2, 3, 5];
const PRIMES: &[u32] = &[2, 3, 5, 7];

#[repr(C)]
pub struct Header {
    pub kind: u8,
    pub size: u32,
}

#[repr(u8)]
#[derive(Clone, Copy)]
pub enum Kind {
    Plain = 0,
    Packed = 1,
}

pub struct Buffer {
    start: *mut u8,
    len: usize,
}

unsafe impl Send for Buffer {}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.len = 0;
    }
}

impl Default for Header {
    fn default() -> Self {
        Header { kind: Kind::Plain as u8, size: 0 }
    }
}

impl Buffer {
    pub fn new(bytes: &mut [u8]) -> Self {
        Buffer { start: bytes.as_mut_ptr(), len: bytes.len() }
    }

    pub fn first(&self) -> u8 {
        unsafe { *self.start }
    }

    pub fn set(&mut self, at: usize, value: u8) {
        let target: *mut u8 = self.start.wrapping_add(at);
        unsafe {
            *target = value;
        }
    }

    /// # Safety
    /// `at` lies in the buffer.
    pub unsafe fn get(&self, at: usize) -> u8 {
        *self.start.add(at)
    }
}

pub extern "C" fn weight(at: u8) -> u32 {
    WEIGHTS[usize::from(at)]
}

pub fn prime(at: usize) -> u32 {
    PRIMES[at]
}

pub fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).unwrap().to_string()
}

pub fn size(header: &Header) -> u64 {
    header.size as u64
}

pub fn clear(value: &mut u32) {
    let pointer = value as *mut u32;
    unsafe { *pointer = 0 };
}

pub fn last(values: &[u32]) -> u32 {
    let at = values.len() - 1;
    let value = values.get(at).copied();
    value.unwrap_or(values[0].count_ones())
}
