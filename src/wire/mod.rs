//! Versioned serde documents (`v1`) and their conversion from the model.
