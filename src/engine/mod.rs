//! The control plane: takes the latest checked lab and makes it so.
