//! Asks the GPU's driver (`nvidia-smi`) for its free memory.

use std::process::Command;
use std::time::Duration;

use super::tool::output_of;

/// Time limit for the answer.
const LIMIT: Duration = Duration::from_secs(20);

/// Free memory of a GPU in MiB; `None` on the CPU, and if the driver gives no answer.
pub(super) fn free_mb(device: &str) -> Option<f64> {
    let number = device.strip_prefix("cuda:")?.parse().ok()?;
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let query = ["--query-gpu=memory.free", "--format=csv,noheader,nounits", "-i"];
    let answer = output_of(Command::new("nvidia-smi").args(query).arg(named(number, &visible)), LIMIT);
    answer.ok()?.trim().parse().ok()
}

/// The driver's name of the GPU with CUDA's number `number`; `visible` is the value of CUDA_VISIBLE_DEVICES.
fn named(number: usize, visible: &str) -> String {
    let gpu = visible.split(',').map(str::trim).nth(number).filter(|gpu| !gpu.is_empty());
    gpu.map_or_else(|| number.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_counted_among_the_visible_ones() {
        assert_eq!(named(1, ""), "1");
        assert_eq!(named(1, "4,7"), "7");
        assert_eq!(named(0, "GPU-8932f937"), "GPU-8932f937");
        assert_eq!(free_mb("cpu"), None);
    }
}
