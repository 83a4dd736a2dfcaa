use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub struct Countdown {
    left: u32,
}

impl Countdown {
    pub fn new(left: u32) -> Self {
        Countdown { left }
    }
}

impl Future for Countdown {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        if self.left == 0 {
            return Poll::Ready(self.left);
        }
        self.left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

pub struct Done(String);

impl Future for Done {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        Poll::Ready(self.0.len())
    }
}

pub type Task<'a> = Pin<Box<dyn Future<Output = u32> + Send + 'a>>;

async fn count(from: u32) -> u32 {
    let left = Countdown::new(from).await;
    left + 1
}

async fn read(name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err("no name".to_owned());
    }
    Ok(name.to_owned())
}

pub async fn total(names: &[&str]) -> Result<usize, String> {
    let mut sum = 0;
    for name in names {
        let text = read(name).await?;
        sum += text.len();
    }
    Ok(sum + read("end").await.map_or(0, |text| text.len()))
}

pub async fn checked(limit: u32) -> bool {
    let counted: u32 = count(limit).await;
    counted > limit && count(1).await == 1
}

pub fn task(from: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        let first = count(from).await;
        first + count(first).await
    })
}

pub fn depth(level: u32) -> Task<'static> {
    Box::pin(async move { if level == 0 { 0 } else { depth(level - 1).await + 1 } })
}

pub fn steps(from: u32) -> Vec<Task<'static>> {
    let base = half(from);
    let whole = parsed("2").unwrap_or(base);
    vec![Box::pin(Countdown::new(base)), Box::pin(async move { whole })]
}

pub async fn both(from: u32) -> u32 {
    let later = async { from + 1 };
    let pinned = Box::pin(count(from));
    later.await + joined(pinned).await
}

async fn joined<F: Future<Output = u32> + Unpin>(future: F) -> u32 {
    future.await
}

fn half(from: u32) -> u32 {
    from / 2
}

fn parsed(text: &str) -> Option<u32> {
    text.parse().ok()
}

pub fn sums(text: &str) -> Result<u32, std::num::ParseIntError> {
    let first = number(text)?;
    Ok(first)
}

fn number(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

fn size(text: &str) -> usize {
    text.len()
}

pub fn sizes(text: &str) -> usize {
    size(text) + 1
}
