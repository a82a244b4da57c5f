//! A screen to open a window on.

use std::process::{Child, Command, Stdio};

use crate::window::wait_for;

/// A virtual screen, or the machine's own. Dropping it closes it.
pub(crate) struct Screen {
    display: Option<String>,
    server: Option<Child>,
}

impl Screen {
    #[cfg(target_os = "linux")]
    pub(crate) fn open() -> Self {
        let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let told = folder.join(format!("display-{}", std::process::id()));
        let file = std::fs::File::create(&told).unwrap();
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb gives the window a screen: install it (Debian: xvfb, libgl1-mesa-dri)");
        let number = wait_for("a virtual screen", || {
            let number = std::fs::read_to_string(&told).unwrap_or_default();
            number.ends_with('\n').then(|| number.trim().to_owned())
        });
        Self { display: Some(format!(":{number}")), server: Some(server) }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn open() -> Self {
        Self { display: None, server: None }
    }

    pub(crate) fn lend_to(&self, command: &mut Command) {
        if let Some(display) = &self.display {
            command.env("DISPLAY", display).env_remove("WAYLAND_DISPLAY");
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            server.kill().ok();
            server.wait().ok();
        }
    }
}
